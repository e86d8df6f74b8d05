// SPDX-License-Identifier: Apache-2.0
// Links: which later messages belong to an earlier call though their JSON-RPC ids differ.
//
// A task's polls to the call that made it, a retried request to the one that asked for input, a stream's items to
// the subscription, progress to its call. A short memory: the newest kLimit links of a session.
#pragma once
#include <deque>
#include <string>
#include <string_view>

namespace mcpvigil::session {

class Links {
 public:
  enum class Kind : char { kTask, kRetry, kSubscription, kProgress };

  void add(Kind kind, std::string key, std::string correlation) {
    if (key.size() > kMaxKey) key.resize(kMaxKey);
    if (links_.size() == kLimit) links_.pop_front();
    links_.push_back({kind, std::move(key), std::move(correlation)});
  }
  // The newest link's correlation id, or "".
  [[nodiscard]] std::string_view find(Kind kind, std::string_view key) const {
    key = key.substr(0, kMaxKey);
    for (auto it = links_.rbegin(); it != links_.rend(); ++it) {
      if (it->kind == kind && it->key == key) return it->correlation;
    }
    return {};
  }

 private:
  static constexpr std::size_t kLimit = 256;
  static constexpr std::size_t kMaxKey = 2048;  // tokens are the peer's to choose: nobody needs longer ones
  struct Link {
    Kind kind;
    std::string key, correlation;
  };
  std::deque<Link> links_;
};

}  // namespace mcpvigil::session
