// SPDX-License-Identifier: Apache-2.0
// AccountedBuffer: a PaddedBuffer that asks the MemoryBudget before it grows and gives back when it shrinks.
//
//   if (!buf.append(bytes)) drop(SkipReason::kMemoryCap);   // refused: the content is as it was
#pragma once
#include <algorithm>

#include "base/bytes.h"
#include "base/memory_budget.h"

namespace mcpvigil::frame {

class AccountedBuffer {
 public:
  explicit AccountedBuffer(base::MemoryBudget* budget) : budget_(budget) {}
  ~AccountedBuffer() { release(); }
  AccountedBuffer(const AccountedBuffer&) = delete;
  AccountedBuffer& operator=(const AccountedBuffer&) = delete;

  [[nodiscard]] bool append(base::Bytes b) {
    if (!reserve(buf_.size() + b.size())) return false;
    buf_.append(b);
    return true;
  }
  // Drops the content. The memory of an ordinary message is kept for the next one, that of a large one is not.
  void clear() {
    if (buf_.capacity() > kKeep) {
      release();
    } else {
      buf_.clear();
    }
  }
  void release() {
    if (budget_ != nullptr) budget_->give(buf_.capacity());
    buf_.release();
  }
  [[nodiscard]] base::Bytes view() const { return buf_.view(); }
  [[nodiscard]] std::size_t size() const { return buf_.size(); }
  [[nodiscard]] bool empty() const { return buf_.empty(); }

 private:
  static constexpr std::size_t kFirst = 4U << 10;  // one page: most MCP messages fit
  static constexpr std::size_t kKeep = 16U << 10;  // per idle stream; thousands of streams may be idle

  [[nodiscard]] bool reserve(std::size_t n) {
    const std::size_t old = buf_.capacity();
    if (n <= old) return true;
    const std::size_t want = std::max({n, old * 2, kFirst});
    if (budget_ != nullptr && !budget_->take(want - old)) return false;
    buf_.reserve(want);
    return true;
  }

  base::MemoryBudget* budget_;  // not owned; null: no total cap
  base::PaddedBuffer buf_;
};

}  // namespace mcpvigil::frame
