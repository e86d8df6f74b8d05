// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_reader.h"

#include <linux/bpf.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

namespace mcpvigil::probe {

namespace {

// A mapping that undoes itself.
struct Mapping {
  void* at = MAP_FAILED;
  std::size_t size = 0;
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (at != MAP_FAILED) munmap(at, size);
  }
};

std::uint64_t load_acquire(const void* p) {
  return __atomic_load_n(static_cast<const std::uint64_t*>(p), __ATOMIC_ACQUIRE);
}

}  // namespace

struct RingReader::State {
  int fd = -1;
  std::size_t size = 0;
  Mapping consumer;  // one writable page: the consumer position
  Mapping producer;  // one page: the producer position, then the data
  const char* data = nullptr;
  std::vector<char> wrapped;  // the one record that crosses the end
};

RingReader::RingReader(RingReader&&) noexcept = default;
RingReader& RingReader::operator=(RingReader&&) noexcept = default;
RingReader::~RingReader() = default;

base::Result<RingReader> RingReader::open(int map_fd, std::size_t size) {
  RingReader r;
  r.s_ = std::make_unique<State>();
  State& s = *r.s_;
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  s.fd = map_fd;
  s.size = size;
  s.consumer.size = page;
  s.consumer.at = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (s.consumer.at == MAP_FAILED) return base::errno_error("map ring buffer (consumer page)", errno);
  s.producer.size = page + size;
  s.producer.at = mmap(nullptr, page + size, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (s.producer.at == MAP_FAILED) return base::errno_error("map ring buffer (data)", errno);
  s.data = static_cast<const char*>(s.producer.at) + page;
  return r;
}

std::size_t RingReader::drain(const std::function<bool(std::string_view)>& take) {
  State& s = *s_;
  auto* consumer = static_cast<std::uint64_t*>(s.consumer.at);
  std::uint64_t at = *consumer;  // only we write it
  std::size_t taken = 0;
  const std::uint64_t mask = s.size - 1;
  for (;;) {
    const std::uint64_t produced = load_acquire(s.producer.at);
    if (at >= produced) break;
    bool stop = false;
    while (at < produced) {
      const char* header = s.data + (at & mask);
      const std::uint32_t len = __atomic_load_n(reinterpret_cast<const std::uint32_t*>(header), __ATOMIC_ACQUIRE);
      if ((len & BPF_RINGBUF_BUSY_BIT) != 0) {  // still being written
        stop = true;
        break;
      }
      const std::uint32_t body = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
      if ((len & BPF_RINGBUF_DISCARD_BIT) == 0) {
        const std::uint64_t start = (at + BPF_RINGBUF_HDR_SZ) & mask;
        std::string_view record;
        if (start + body <= s.size) {
          record = {s.data + start, body};
        } else {
          const std::size_t first = s.size - start;
          s.wrapped.resize(body);
          std::memcpy(s.wrapped.data(), s.data + start, first);
          std::memcpy(s.wrapped.data() + first, s.data, body - first);
          record = {s.wrapped.data(), body};
        }
        if (!take(record)) {
          stop = true;
          break;
        }
        ++taken;
      }
      at += (static_cast<std::uint64_t>(body) + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
      __atomic_store_n(consumer, at, __ATOMIC_RELEASE);
    }
    if (stop) break;
  }
  return taken;
}

void RingReader::wait(int timeout_ms, int wake_fd) const {
  pollfd p[2] = {{s_->fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
  ::poll(p, 2, timeout_ms);
}

std::uint64_t RingReader::backlog() const { return load_acquire(s_->producer.at) - load_acquire(s_->consumer.at); }

}  // namespace mcpvigil::probe
