// SPDX-License-Identifier: Apache-2.0
// FlowTable: the live flows by id, by the name their other end would call them, and by last use. Bounded by its owner,
// who asks for oldest() and erases it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "stream/flow.h"

namespace mcpvigil::stream {

class FlowTable {
 public:
  [[nodiscard]] Flow* find(base::FlowId id) {
    if (last_ != nullptr && last_->id == id) return last_;
    const auto it = flows_.find(static_cast<std::uint64_t>(id));
    if (it == flows_.end()) return nullptr;
    last_ = &it->second;
    return last_;
  }
  Flow& insert(base::FlowId id);
  void erase(Flow& f);
  // f was used now.
  void touch(Flow& f) {
    if (newest_ != &f) move_to_newest(f);
  }
  // It was here and is gone: a record that was overtaken by the flow's end.
  [[nodiscard]] bool was_closed(base::FlowId id) const { return gone_.contains(static_cast<std::uint64_t>(id)); }
  [[nodiscard]] Flow* oldest() const { return oldest_; }
  [[nodiscard]] std::size_t size() const { return flows_.size(); }

  // Computes the names of f from its facts. Call after the facts change.
  void index(Flow& f);
  // The other end of f's connection, if it is here and known to be.
  [[nodiscard]] Flow* other_end(const Flow& f);

 private:
  void move_to_newest(Flow& f);
  void unlink(Flow& f);
  void unindex(const Flow& f);

  // Enough for records in flight on other CPUs when a flow ends.
  static constexpr std::size_t kRemembered = 4096;

  std::unordered_map<std::uint64_t, Flow> flows_;
  std::unordered_set<std::uint64_t> gone_;
  std::vector<std::uint64_t> gone_order_;  // a ring
  std::size_t gone_next_ = 0;
  std::unordered_multimap<std::uint64_t, Flow*> by_own_name_, by_wanted_name_;
  Flow* oldest_ = nullptr;
  Flow* newest_ = nullptr;
  Flow* last_ = nullptr;
};

}  // namespace mcpvigil::stream
