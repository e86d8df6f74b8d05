// SPDX-License-Identifier: Apache-2.0
// RingReader: the consumer side of one BPF ring buffer (kernel/bpf/ringbuf.c).
//
// libbpf's consumer maps the data pages twice so that a record never wraps; every mapped page counts as resident, so
// that costs two bytes of RSS for each byte of ring. This one maps them once and copies the one record that wraps.
// One thread. A record given to the callback lives until the callback returns.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mcpvigil::probe {

class RingReader {
 public:
  // map_fd is borrowed and must outlive the reader. size: bytes of the ring (a power of two).
  static base::Result<RingReader> open(int map_fd, std::size_t size);
  RingReader(RingReader&&) noexcept;
  RingReader& operator=(RingReader&&) noexcept;
  ~RingReader();

  // Gives every complete record to `take` until it returns false or none is left. Returns how many were taken.
  std::size_t drain(const std::function<bool(std::string_view)>& take);
  // Waits until there is a record or wake_fd is readable. timeout_ms < 0 waits for ever.
  void wait(int timeout_ms, int wake_fd) const;
  // Bytes produced and not yet consumed.
  [[nodiscard]] std::uint64_t backlog() const;

 private:
  RingReader() = default;
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::probe
