// SPDX-License-Identifier: Apache-2.0
// RingDrain: one thread that empties the ring buffer into blocks of memory, so that the ring stays small while the
// pipeline works. When the blocks reach their cap it stops taking: then the ring fills and the kernel counts the loss.
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace mcpvigil::probe {

// Records one after another: u32 length, 4 bytes of nothing, the record, then up to the next multiple of 8.
// The memory goes on for at least base::kPadding bytes after the last record.
class Block {
 public:
  static constexpr std::size_t kBytes = 512 * 1024;
  Block();
  [[nodiscard]] bool fits(std::size_t record) const;
  void append(std::string_view record);
  void clear() { used_ = 0; }
  [[nodiscard]] bool empty() const { return used_ == 0; }
  [[nodiscard]] std::size_t used() const { return used_; }
  // Calls take(record) for each.
  template <typename Take>
  void each(Take take) const {
    for (std::size_t at = 0; at < used_;) {
      unsigned int len = 0;
      __builtin_memcpy(&len, data_.get() + at, sizeof len);
      take(std::string_view(data_.get() + at + 8, len));
      at += 8 + (len + 7) / 8 * 8;
    }
  }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t used_ = 0;
};

class RingDrain {
 public:
  // ring_fd is borrowed. max_bytes bounds the blocks waiting.
  static base::Result<std::unique_ptr<RingDrain>> start(int ring_fd, std::size_t ring_bytes, std::size_t max_bytes);
  ~RingDrain();  // stops the thread
  RingDrain(const RingDrain&) = delete;

  // The next block, or null after timeout_ms without one. Give it back with recycle().
  [[nodiscard]] std::unique_ptr<Block> take(int timeout_ms);
  void recycle(std::unique_ptr<Block> b);
  // Empties the ring once more and ends the thread; take() then gives what is left and null.
  void finish();

 private:
  RingDrain();
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::probe
