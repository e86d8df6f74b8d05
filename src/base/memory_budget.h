// SPDX-License-Identifier: Apache-2.0
// MemoryBudget: one total for all buffered stream bytes. A buffer asks before it grows and gives back when it
// shrinks; a refusal is data (SkipReason::kMemoryCap), never an exception. Single thread.
#pragma once
#include <cstdint>

namespace mcpvigil::base {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}
  [[nodiscard]] bool take(std::uint64_t n) {
    if (n > limit_ - used_) {
      ++refused_;
      return false;
    }
    used_ += n;
    if (used_ > peak_) peak_ = used_;
    return true;
  }
  void give(std::uint64_t n) { used_ -= n; }
  [[nodiscard]] std::uint64_t used() const { return used_; }
  [[nodiscard]] std::uint64_t peak() const { return peak_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t refused_ = 0;
};

// What bounds one stream's buffers. Shared by all framers of a pipeline; the budget outlives them.
struct StreamLimits {
  std::uint64_t max_message = 64ULL << 20;  // bytes; product limit, a larger message is skipped as too_large
  std::uint64_t max_pending = 64ULL << 10;  // bytes kept of a stream whose kind is not decided yet
  MemoryBudget* budget = nullptr;           // not owned; may be null in tests: no total cap
};

}  // namespace mcpvigil::base
