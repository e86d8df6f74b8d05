// SPDX-License-Identifier: Apache-2.0
// Who is at the ends and what the calls do besides moving bytes: peeks, truncation, ends, partial writes, descriptors
// that are shared, passed on and inherited.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "kernel/carriers.h"
#include "kernel/observed.h"

namespace mcpvigil::test {
namespace {

class Streams : public KernelTest {};

void put(int fd, std::string_view s) { DO(write_all(fd, s, Writer::kWrite, Split::kWhole, false)); }
void get(int fd, std::size_t n) {  // and no more
  std::vector<char> room(65536);
  while (n != 0) {
    const ssize_t got = read(fd, room.data(), std::min(n, room.size()));
    DO(got > 0);
    n -= static_cast<std::size_t>(got);
  }
}
std::set<std::uint32_t> pids(std::initializer_list<pid_t> list) { return {list.begin(), list.end()}; }

TEST_F(Streams, SmallMessagesNameBothEndsOfEveryByte) {
  // On a machine too busy to run the writer within 50 ms of the reader an end may be unknown for a while: try again.
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4}) {
    for (int attempt = 1;; ++attempt) {
      Actors actors;
      const Ends e = open_carrier(c);
      const std::string bytes = message(300, 1) + message(900, 2);
      const pid_t w = actors.start({e.a}, [&] { put(e.a, bytes); });
      const pid_t r = actors.start({e.b}, [&] { get(e.b, bytes.size()); });
      Heard heard = hear(actors);
      const bool known =
          heard.lanes.size() == 1 && !heard.lanes[0].senders.contains(0) && !heard.lanes[0].receivers.contains(0);
      if (!known && attempt < 5) continue;
      heard.expect({.bytes = bytes, .sender = w, .receiver = r, .strict = true}, name(c));
      heard.expect_nothing_else();
      break;
    }
  }
}

TEST_F(Streams, PeekIsNotCountedTwice) {
  for (const Carrier c : {Carrier::kSocketpair, Carrier::kTcp4, Carrier::kSeqpacket}) {
    Actors actors;
    const Ends e = open_carrier(c);
    const std::string bytes = message(700, 1);
    const pid_t w = actors.start({e.a}, [&] { put(e.a, bytes); });
    const pid_t r = actors.start({e.b}, [&] {
      char b[2048];
      iovec v{b, sizeof b};
      msghdr m{};
      m.msg_iov = &v;
      m.msg_iovlen = 1;
      mmsghdr mm{m, 0};
      DO(recv(e.b, b, sizeof b, MSG_PEEK) > 0);
      DO(recv(e.b, b, 10, MSG_PEEK) == 10);
      DO(recvmsg(e.b, &m, MSG_PEEK) > 0);
      DO(recvmmsg(e.b, &mm, 1, MSG_PEEK, nullptr) == 1);
      get(e.b, bytes.size());
    });
    Heard heard = hear(actors);
    heard.expect({.bytes = bytes, .sender = w, .receiver = r}, name(c));
    heard.expect_nothing_else(name(c));
  }
}

TEST_F(Streams, BytesThrownAwayByTcpAreNotTakenFromTheBuffer) {
  for (const Reader how : {Reader::kRecvfrom, Reader::kRecvmsg}) {
    Actors actors;
    const Ends e = open_carrier(Carrier::kTcp4);
    const std::string bytes = noise(1000, 1) + noise(500, 2) + noise(300, 3);
    actors.start({e.a}, [&] { put(e.a, bytes); });
    actors.start({e.b}, [&] {
      get(e.b, 1000);
      char b[500];
      std::memset(b, '!', sizeof b);
      iovec v{b, sizeof b};
      msghdr m{};
      m.msg_iov = &v;
      m.msg_iovlen = 1;
      DO((how == Reader::kRecvfrom ? recv(e.b, b, sizeof b, MSG_TRUNC | MSG_WAITALL)
                                   : recvmsg(e.b, &m, MSG_TRUNC | MSG_WAITALL)) == 500);
      DO(b[0] == '!');
      get(e.b, 300);
    });
    Heard heard = hear(actors);
    // What was not delivered is a gap, not what happened to be in the buffer; what follows is taken again.
    const HeardLane l =
        heard.expect({.bytes = bytes.substr(0, 1000) + bytes.substr(1500), .gaps_allowed = true}, name(how));
    ASSERT_EQ(l.gaps.size(), 1U);
    EXPECT_EQ(l.gaps[0].pos, 1000U);
    EXPECT_EQ(l.gaps[0].n, 500U);
    EXPECT_EQ(l.ledger().lost_total(), 500U);
    heard.expect_nothing_else();
  }
}

TEST_F(Streams, APacketLongerThanTheBufferIsWhatWasDelivered) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kSeqpacket);
  const std::string first = noise(1000, 1);
  const std::string second = noise(1000, 2);
  actors.start({e.a}, [&] {
    put(e.a, first);
    put(e.a, second);
  });
  const pid_t r = actors.start({e.b}, [&] {
    char b[600];
    DO(recv(e.b, b, sizeof b, 0) == 600);
    DO(recv(e.b, b, sizeof b, MSG_TRUNC) == 1000);
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = first.substr(0, 600) + second.substr(0, 600), .receiver = r});
  heard.expect_nothing_else();
}

TEST_F(Streams, AnEndOfFileEndsTheLane) {
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4}) {
    Actors actors;
    const Ends e = open_carrier(c);
    const std::string bytes = message(200, 1);
    actors.start({e.a}, [&] { put(e.a, bytes); });
    actors.start({e.b}, [&] {
      get(e.b, bytes.size());
      char b[16];
      DO(read(e.b, b, 0) == 0);  // says nothing
      DO(read(e.b, b, sizeof b) == 0);
    });
    Heard heard = hear(actors);
    const HeardLane l = heard.expect({.bytes = bytes}, name(c));
    EXPECT_TRUE(l.ended);
    EXPECT_GE(heard.eofs.size(), 1U) << name(c);
  }
}

TEST_F(Streams, AZeroLengthReadIsNoEnd) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  actors.start({e.a}, [&] {
    put(e.a, "first ");
    usleep(50000);
    put(e.a, "second");
  });
  actors.start({e.b}, [&] {
    get(e.b, 6);
    char b[1];
    DO(read(e.b, b, 0) == 0);
    get(e.b, 6);
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = "first second"});
  heard.expect_nothing_else();
}

TEST_F(Streams, PartialNonBlockingWritesCountWhatWasTaken) {
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4}) {
    Actors actors;
    const Ends e = open_carrier(c);
    const std::string bytes = noise(1500000, 7);
    const pid_t w = actors.start({e.a}, [&] {
      DO(fcntl(e.a, F_SETFL, O_NONBLOCK) == 0);
      std::size_t at = 0;
      bool refused = false;
      while (at < bytes.size()) {
        const ssize_t n = write(e.a, bytes.data() + at, bytes.size() - at);
        if (n > 0) at += static_cast<std::size_t>(n);
        if (n > 0) continue;
        DO(errno == EAGAIN);
        refused = true;
        pollfd p{e.a, POLLOUT, 0};
        poll(&p, 1, 1000);
      }
      DO(refused || c == Carrier::kTcp4);  // its buffers grow
    });
    const pid_t r = actors.start({e.b}, [&] {
      usleep(20000);
      get(e.b, bytes.size());
    });
    Heard heard = hear(actors);
    heard.expect({.bytes = bytes, .sender = w, .receiver = r}, name(c));
    heard.expect_nothing_else();
  }
}

TEST_F(Streams, CallsThatFailMoveNothing) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string bytes = message(100, 1);
  actors.start({e.a}, [&] {
    DO(pwrite(e.a, "lost", 4, 0) == -1 && errno == ESPIPE);
    DO(syscall(SYS_write, e.a, 8, 10) == -1 && errno == EFAULT);
    put(e.a, bytes);
  });
  actors.start({e.b}, [&] {
    char b[64];
    DO(pread(e.b, b, sizeof b, 0) == -1 && errno == ESPIPE);
    DO(write(e.b, "no", 2) == -1 && errno == EBADF);
    get(e.b, bytes.size());
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = bytes});
  heard.expect_nothing_else();
}

TEST_F(Streams, DuplicatesOfADescriptorAreOneStream) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kSocketpair);
  const pid_t w = actors.start({e.a}, [&] {
    const int other = dup(e.a);
    DO(other >= 0 && dup2(e.a, 300) == 300);
    put(e.a, "one ");
    put(other, "two ");
    close(e.a);
    put(300, "three");
  });
  const pid_t r = actors.start({e.b}, [&] {
    get(e.b, 4);
    const int other = fcntl(e.b, F_DUPFD, 200);
    close(e.b);
    get(other, 9);
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = "one two three", .sender = w, .receiver = r});
  heard.expect_nothing_else();
}

TEST_F(Streams, ADescriptorPassedOnIsTheSameStream) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const Ends control = open_carrier(Carrier::kSocketpair);
  const std::string before = message(100, 1);
  const std::string after = message(120, 2);
  const pid_t w = actors.start({e.a}, [&] { put(e.a, before + after); });
  const pid_t first = actors.start({e.b, control.a}, [&] {
    get(e.b, before.size());
    char c = 'f';
    iovec v{&c, 1};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr m{};
    m.msg_iov = &v;
    m.msg_iovlen = 1;
    m.msg_control = room;
    m.msg_controllen = sizeof room;
    cmsghdr* h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(h), &e.b, sizeof(int));
    DO(sendmsg(control.a, &m, 0) == 1);
  });
  const pid_t second = actors.start({control.b}, [&] {
    char c = 0;
    iovec v{&c, 1};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr m{};
    m.msg_iov = &v;
    m.msg_iovlen = 1;
    m.msg_control = room;
    m.msg_controllen = sizeof room;
    DO(recvmsg(control.b, &m, 0) == 1);
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    get(fd, after.size());
  });
  Heard heard = hear(actors);
  const HeardLane l = heard.expect({.bytes = before + after, .sender = w});
  EXPECT_EQ(l.receivers, pids({first, second}));
  heard.expect({.bytes = "f", .sender = first, .receiver = second});
  heard.expect_nothing_else();
}

TEST_F(Streams, AForkedChildSharesTheEnd) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  std::string all;
  for (int i = 0; i < 20; ++i) all += message(100, i);
  const pid_t w = actors.start({e.a}, [&] {
    const std::size_t half = all.size() / 2;
    put(e.a, all.substr(0, half));
    const pid_t child = fork();
    if (child == 0) {
      Actors::adopt(getpid());
      put(e.a, all.substr(half));
      _exit(0);
    }
    int status = 0;
    DO(waitpid(child, &status, 0) == child && status == 0);
  });
  const pid_t r = actors.start({e.b}, [&] { get(e.b, all.size()); });
  Heard heard = hear(actors);
  const HeardLane l = heard.expect({.bytes = all, .receiver = r});
  EXPECT_TRUE(l.senders.contains(static_cast<std::uint32_t>(w)));
  EXPECT_EQ(l.senders.size() - l.senders.count(0), 2U) << "both writers";
  heard.expect_nothing_else();
}

TEST_F(Streams, SeveralReadersShareAnEnd) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const Ends turn = open_carrier(Carrier::kPipe);
  const pid_t w = actors.start({e.a}, [&] { put(e.a, "for one..for two.."); });
  const pid_t r1 = actors.start({e.b, turn.a}, [&] {
    get(e.b, 9);
    put(turn.a, "t");
  });
  const pid_t r2 = actors.start({e.b, turn.b}, [&] {
    get(turn.b, 1);
    get(e.b, 9);
  });
  Heard heard = hear(actors);
  const HeardLane l = heard.expect({.bytes = "for one..for two..", .sender = w});
  EXPECT_EQ(l.receivers, pids({r1, r2}));
  heard.expect({.bytes = "t", .sender = r1, .receiver = r2});
  heard.expect_nothing_else();
}

TEST_F(Streams, ThreadsOfAProcessAreThatProcess) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kSocketpair);
  const std::string bytes = message(3000, 1);
  const pid_t w = actors.start({e.a}, [&] {
    std::thread t([&] { put(e.a, bytes); });
    t.join();
  });
  const pid_t r = actors.start({e.b}, [&] {
    std::thread t([&] { get(e.b, bytes.size()); });
    t.join();
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = bytes, .sender = w, .receiver = r});
  heard.expect_nothing_else();
}

TEST_F(Streams, AReadThatWaitedInFourThreads) {
  // Threads that read one pipe at once: each byte once, order as the kernel gave it.
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string bytes = noise(40000, 3);
  actors.start({e.a}, [&] { DO(write_all(e.a, bytes, Writer::kWrite, Split::kPieces, false)); });
  const pid_t r = actors.start({e.b}, [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        char b[777];
        while (read(e.b, b, sizeof b) > 0) {
        }
      });
    }
    for (std::thread& t : threads) t.join();
  });
  Heard heard = hear(actors);
  ASSERT_EQ(heard.lanes.size(), 1U);
  std::string got = heard.lanes[0].bytes;
  EXPECT_EQ(got.size(), bytes.size());
  // Two reads may return in another order than they took their bytes: the same bytes, though.
  std::string sorted = bytes;
  std::sort(got.begin(), got.end());
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(got, sorted);
  EXPECT_EQ(heard.lanes[0].receivers, pids({r}));
  EXPECT_EQ(heard.lanes[0].ledger().pending(), 0U);
  EXPECT_EQ(heard.lanes[0].ledger().lost_total(), 0U);
}

TEST_F(Streams, ManyShortStreams) {
  Actors actors;
  constexpr int kStreams = 300;
  const pid_t one = actors.start({}, [&] {
    for (int i = 0; i < kStreams; ++i) {
      const Ends e = open_carrier(i % 2 == 0 ? Carrier::kPipe : Carrier::kSocketpair);
      put(e.a, message(60, i));
      get(e.b, message(60, i).size());
      close(e.a);
      close(e.b);
    }
  });
  Heard heard = hear(actors);
  for (int i = 0; i < kStreams; ++i) heard.expect({.bytes = message(60, i), .sender = one, .receiver = one});
  heard.expect_nothing_else();
}

TEST_F(Streams, VmspliceAtTheReadingEndIsARead) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string bytes = message(500, 1);
  const pid_t w = actors.start({e.a}, [&] { put(e.a, bytes); });
  const pid_t r = actors.start({e.b}, [&] {
    std::vector<char> room(8192);
    std::size_t left = bytes.size();
    while (left != 0) {
      iovec v{room.data(), room.size()};
      const ssize_t n = vmsplice(e.b, &v, 1, 0);
      DO(n > 0);
      left -= static_cast<std::size_t>(n);
    }
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = bytes, .sender = w, .receiver = r});
  heard.expect_nothing_else();
}

}  // namespace
}  // namespace mcpvigil::test
