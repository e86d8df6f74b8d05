// SPDX-License-Identifier: Apache-2.0
// I/O that shows no buffer to a system call, or makes none we read: noticed, taken at the other end, never doubled.
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "kernel/carriers.h"
#include "kernel/observed.h"

namespace mcpvigil::test {
namespace {

class Blind : public KernelTest {};

void put(int fd, std::string_view s) { DO(write_all(fd, s, Writer::kWrite, Split::kWhole, false)); }
void get(int fd, std::size_t n) { DO(read_all(fd, n, Reader::kRead, Split::kWhole)); }

std::string messages(int n) {
  std::string all;
  for (int i = 0; i < n; ++i) all += message(200, i);
  return all;
}

TEST_F(Blind, AReaderBySplice) {
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4}) {
    Actors actors;
    const Ends in = open_carrier(c);
    const Ends out = open_carrier(Carrier::kPipe);
    const std::string bytes = messages(100);
    const pid_t w = actors.start({in.a}, [&] {
      for (std::size_t i = 0; i < bytes.size(); i += 1000) put(in.a, bytes.substr(i, 1000));
    });
    const pid_t relay = actors.start({in.b, out.a}, [&] {
      std::size_t left = bytes.size();
      while (left != 0) {
        const ssize_t n = splice(in.b, nullptr, out.a, nullptr, left, 0);
        DO(n > 0);
        left -= static_cast<std::size_t>(n);
      }
    });
    const pid_t r = actors.start({out.b}, [&] { get(out.b, bytes.size()); });
    Heard heard = hear(actors);
    EXPECT_TRUE(heard.noted(event::BlindSpot::kBlindReader, relay)) << name(c);
    EXPECT_TRUE(heard.noted(event::BlindSpot::kBlindWriter, relay)) << name(c);
    ASSERT_EQ(heard.lanes.size(), 2U) << name(c);
    const int first = heard.lanes[0].senders.contains(static_cast<std::uint32_t>(w)) ? 0 : 1;
    EXPECT_TRUE(heard.lanes[static_cast<std::size_t>(first)].channel.a.blind ||
                heard.lanes[static_cast<std::size_t>(first)].channel.b.blind);
    // Both have the same bytes: one from its writer, one from its reader.
    const HeardLane x = heard.expect({.bytes = bytes}, name(c));
    const HeardLane y = heard.expect({.bytes = bytes}, name(c));
    EXPECT_TRUE(x.senders.contains(static_cast<std::uint32_t>(w)) || y.senders.contains(static_cast<std::uint32_t>(w)));
    EXPECT_TRUE(x.receivers.contains(static_cast<std::uint32_t>(r)) ||
                y.receivers.contains(static_cast<std::uint32_t>(r)));
    heard.expect_nothing_else();
  }
}

TEST_F(Blind, ATeeLeavesTheBytesWhereTheyAre) {
  Actors actors;
  const Ends in = open_carrier(Carrier::kPipe);
  const Ends copy = open_carrier(Carrier::kPipe);
  const std::string bytes = messages(10);
  actors.start({in.a}, [&] { put(in.a, bytes); });
  const pid_t relay = actors.start({in.b, copy.a}, [&] {
    DO(tee(in.b, copy.a, bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    get(in.b, bytes.size());
  });
  const pid_t r = actors.start({copy.b}, [&] { get(copy.b, bytes.size()); });
  Heard heard = hear(actors);
  EXPECT_TRUE(heard.noted(event::BlindSpot::kBlindWriter, relay));
  const HeardLane x = heard.expect({.bytes = bytes});
  const HeardLane y = heard.expect({.bytes = bytes});
  EXPECT_TRUE(x.receivers.contains(static_cast<std::uint32_t>(relay)) ||
              y.receivers.contains(static_cast<std::uint32_t>(relay)));
  EXPECT_TRUE(x.receivers.contains(static_cast<std::uint32_t>(r)) ||
              y.receivers.contains(static_cast<std::uint32_t>(r)));
  heard.expect_nothing_else();
}

TEST_F(Blind, AWriterBySendfile) {
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4}) {
    Actors actors;
    const Ends e = open_carrier(c);
    const std::string bytes = messages(300);
    const int file = memfd_create("file", 0);
    ASSERT_EQ(write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    const pid_t w = actors.start({e.a, file}, [&] {
      off_t at = 0;
      while (at < static_cast<off_t>(bytes.size())) {
        DO(sendfile(e.a, file, &at, bytes.size() - static_cast<std::size_t>(at)) > 0);
      }
    });
    const pid_t r = actors.start({e.b}, [&] { get(e.b, bytes.size()); });
    Heard heard = hear(actors);
    EXPECT_TRUE(heard.noted(event::BlindSpot::kBlindWriter, w)) << name(c);
    heard.expect({.bytes = bytes, .sender = w, .receiver = r}, name(c));
    heard.expect_nothing_else(name(c));
  }
}

// --- io_uring, by its system calls ---

struct Ring {
  int fd = -1;
  io_uring_params p{};
  char* sq = nullptr;
  char* cq = nullptr;
  io_uring_sqe* sqes = nullptr;

  bool open() {
    fd = static_cast<int>(syscall(SYS_io_uring_setup, 4, &p));
    if (fd < 0) return false;
    const auto map = [&](std::size_t n, off_t at) {
      return static_cast<char*>(mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, at));
    };
    sq = map(p.sq_off.array + p.sq_entries * sizeof(__u32), IORING_OFF_SQ_RING);
    cq = map(p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
    sqes = reinterpret_cast<io_uring_sqe*>(map(p.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
    return sq != MAP_FAILED && cq != MAP_FAILED && static_cast<void*>(sqes) != MAP_FAILED;
  }
  static unsigned* at(char* base, __u32 offset) { return reinterpret_cast<unsigned*>(base + offset); }

  // One operation, to its end. IORING_OP_READ and IORING_OP_WRITE since 5.6.
  int run(__u8 op, int on, void* buf, unsigned n) {
    const unsigned tail = *at(sq, p.sq_off.tail);
    const unsigned slot = tail & *at(sq, p.sq_off.ring_mask);
    io_uring_sqe& s = sqes[slot];
    std::memset(&s, 0, sizeof s);
    s.opcode = op;
    s.fd = on;
    s.addr = reinterpret_cast<__u64>(buf);
    s.len = n;
    s.off = static_cast<__u64>(-1);
    at(sq, p.sq_off.array)[slot] = slot;
    __atomic_store_n(at(sq, p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) < 0) return -errno;
    const unsigned head = *at(cq, p.cq_off.head);
    const auto* cqes = reinterpret_cast<const io_uring_cqe*>(cq + p.cq_off.cqes);
    const int res = cqes[head & *at(cq, p.cq_off.ring_mask)].res;
    __atomic_store_n(at(cq, p.cq_off.head), head + 1, __ATOMIC_RELEASE);
    return res;
  }
};

std::string why_no_io_uring() {
  io_uring_params p{};
  const int fd = static_cast<int>(syscall(SYS_io_uring_setup, 4, &p));
  if (fd < 0) return std::string("io_uring_setup: ") + std::strerror(errno);
  close(fd);
  return {};
}

TEST_F(Blind, AReaderByIoUring) {
  if (const std::string why = why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4}) {
    Actors actors;
    const Ends e = open_carrier(c);
    const std::string bytes = messages(150);  // below what is held for a reader
    const pid_t w = actors.start({e.a}, [&] {
      for (std::size_t i = 0; i < bytes.size(); i += 1000) put(e.a, bytes.substr(i, 1000));
    });
    const pid_t r = actors.start({e.b}, [&] {
      Ring ring;
      DO(ring.open());
      std::vector<char> room(65536);
      std::size_t left = bytes.size();
      while (left != 0) {
        const int n = ring.run(IORING_OP_READ, e.b, room.data(), static_cast<unsigned>(room.size()));
        DO(n > 0);
        left -= static_cast<std::size_t>(n);
      }
    });
    Heard heard = hear(actors);
    EXPECT_TRUE(heard.noted(event::BlindSpot::kIoUring, r)) << name(c);
    heard.expect({.bytes = bytes, .sender = w}, name(c));
    heard.expect_nothing_else(name(c));
  }
}

TEST_F(Blind, ALongStreamToAReaderByIoUring) {
  if (const std::string why = why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string bytes = messages(5000);
  const pid_t w = actors.start({e.a}, [&] {
    for (std::size_t i = 0; i < bytes.size(); i += 1000) put(e.a, bytes.substr(i, 1000));
  });
  actors.start({e.b}, [&] {
    Ring ring;
    DO(ring.open());
    std::vector<char> room(65536);
    std::size_t left = bytes.size();
    while (left != 0) {
      const int n = ring.run(IORING_OP_READ, e.b, room.data(), static_cast<unsigned>(room.size()));
      DO(n > 0);
      left -= static_cast<std::size_t>(n);
    }
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = bytes, .sender = w});
  heard.expect_nothing_else();
}

TEST_F(Blind, AWriterByIoUring) {
  if (const std::string why = why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
  Actors actors;
  const Ends e = open_carrier(Carrier::kSocketpair);
  std::string bytes = messages(20);
  const pid_t w = actors.start({e.a}, [&] {
    Ring ring;
    DO(ring.open());
    DO(ring.run(IORING_OP_WRITE, e.a, bytes.data(), static_cast<unsigned>(bytes.size())) ==
       static_cast<int>(bytes.size()));
  });
  const pid_t r = actors.start({e.b}, [&] { get(e.b, bytes.size()); });
  Heard heard = hear(actors);
  EXPECT_TRUE(heard.noted(event::BlindSpot::kIoUring, w));
  heard.expect({.bytes = bytes, .receiver = r});
  heard.expect_nothing_else();
}

#if defined(__x86_64__)
TEST_F(Blind, A32BitCallIsCounted) {
  // Does this kernel take them at all?
  const pid_t probe = fork();
  if (probe == 0) {
    long ret = 20;  // getpid
    asm volatile("int $0x80" : "+a"(ret) : : "memory", "r8", "r9", "r10", "r11");
    _exit(ret == getpid() ? 0 : 1);
  }
  int status = 0;
  waitpid(probe, &status, 0);
  if (status != 0) GTEST_SKIP() << "this kernel takes no 32-bit calls (CONFIG_IA32_EMULATION)";

  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string bytes = message(300, 1);
  const pid_t w = actors.start({e.a}, [&] {
    auto* low =
        static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    DO(low != MAP_FAILED);
    std::memcpy(low, bytes.data(), bytes.size());
    long ret = 4;  // write
    asm volatile("int $0x80"
                 : "+a"(ret)
                 : "b"(static_cast<long>(e.a)), "c"(low), "d"(bytes.size())
                 : "memory", "r8", "r9", "r10", "r11");
    DO(ret == static_cast<long>(bytes.size()));
  });
  const pid_t r = actors.start({e.b}, [&] { get(e.b, bytes.size()); });
  Heard heard = hear(actors);
  EXPECT_GT(heard.after.compat32, heard.before.compat32);
  EXPECT_TRUE(heard.noted(event::BlindSpot::kCompat32, w));
  heard.expect({.bytes = bytes, .receiver = r});  // the reader's copy is whole
  heard.expect_nothing_else();
}
#endif

}  // namespace
}  // namespace mcpvigil::test
