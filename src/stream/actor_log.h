// SPDX-License-Identifier: Apache-2.0
// ActorLog: which process was putting bytes into a stream at which position. Remembers the last few changes.
//
//   log.note(0, parent);  log.note(512, child);   log.at(100) == parent;   log.change_after(100) == 512
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/ids.h"

namespace mcpvigil::stream {

class ActorLog {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  // `who` acts from position `pos` on. Notes that go back in position are kept by position.
  void note(std::uint64_t pos, const base::ProcessKey& who) {
    if (size_ != 0 && entries_[size_ - 1].who == who && entries_[size_ - 1].pos <= pos) return;
    if (!who.known()) return;
    latest_ = who;
    if (size_ == kEntries) {
      for (std::size_t i = 1; i < size_; ++i) entries_[i - 1] = entries_[i];
      --size_;
    }
    std::size_t at = size_;
    while (at > 0 && entries_[at - 1].pos > pos) {
      entries_[at] = entries_[at - 1];
      --at;
    }
    entries_[at] = {pos, who};
    ++size_;
  }
  // The last one noted, whatever its position; unknown when nobody was.
  [[nodiscard]] const base::ProcessKey& latest() const { return latest_; }
  // Who was active at `pos`; the first one noted when that is before all notes.
  [[nodiscard]] base::ProcessKey at(std::uint64_t pos) const {
    if (size_ == 0) return {};
    std::size_t i = size_ - 1;
    while (i > 0 && entries_[i].pos > pos) --i;
    return entries_[i].who;
  }
  // The next position after `pos` at which the actor changes; kNever when it does not.
  [[nodiscard]] std::uint64_t change_after(std::uint64_t pos) const {
    for (std::size_t i = 1; i < size_; ++i) {
      if (entries_[i].pos > pos) return entries_[i].pos;
    }
    return kNever;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  // A reader is at most one buffer (64 KiB) behind the writer: eight changes of writer within that are rare, and the
  // price of forgetting one is a neighbouring process's name on a chunk.
  static constexpr std::size_t kEntries = 8;
  struct Entry {
    std::uint64_t pos = 0;
    base::ProcessKey who;
  };
  std::array<Entry, kEntries> entries_{};
  std::size_t size_ = 0;
  base::ProcessKey latest_;
};

}  // namespace mcpvigil::stream
