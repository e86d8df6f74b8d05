// SPDX-License-Identifier: Apache-2.0
// HopHold: one logical message out of the copies a relay makes.
//
// A relay (tee, a wrapper that pumps bytes, a stdio-to-HTTP bridge) reads a message and writes the same JSON on a
// second channel. Topology decides: the sender of the copy is the receiver of the held message, and kind, id, method
// and content (SHA-256 of the canonical JSON) are the same; equal content elsewhere on the host means nothing.
// The first messages of a lane wait at most `hold_ns` of event time for their copy; a lane whose first three messages
// had none is never held again, a lane that was relayed goes on being held. HTTP lanes are not held: their connections
// are short, and a hold a connection would delay everything. Bounded in messages and bytes: beyond, the oldest goes early.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "jsonrpc/message.h"
#include "mcp/operation.h"
#include "session/digest.h"
#include "session/peer.h"

namespace mcpvigil::session {

// A message with its hops collapsed. Borrowed for the call.
struct Logical {
  const Observed* seen = nullptr;  // the HTTP copy where there is one, else the first
  Peer from, to;                   // outermost sender, last receiver
  std::span<const Peer> relays;
  std::span<const LaneKey> lanes;  // that carried it, first to last
  std::optional<Digest> digest;    // known when it was held
};

class HopHold {
 public:
  HopHold(std::uint64_t hold_ns, std::function<void(const Logical&)> deliver);
  ~HopHold();

  // Gives out everything whose wait is over.
  void expire(base::Timestamp now);
  // True when `o` was the onward copy of something held: it is part of that message now.
  bool absorb(const Observed& o);
  // The answer `o` came from where a held request had got to: that request (and all before it) goes no further.
  void release_answered(const Observed& o);
  // Should a message of this lane wait?
  [[nodiscard]] bool may_relay(LaneKey lane) const;
  // Keeps a copy. `home`: for an answer, the process its request came from.
  void keep(const Observed& o, base::ProcessKey home);
  // Gives out what waits on this lane, in order.
  void flush(LaneKey lane);
  void flush(const stream::Channel& c);
  void flush_all();
  // A message of this lane went by without waiting.
  void passed(LaneKey lane) { miss(lane); }
  void forget(base::ChannelId c);
  // Does the answer of this HTTP exchange wait here?
  [[nodiscard]] bool holds_answer_of(base::ChannelId c, std::uint64_t exchange) const;

  [[nodiscard]] static Digest digest_of(const jsonrpc::Message& m);
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  [[nodiscard]] std::uint64_t copies() const { return copies_; }

 private:
  struct Held;
  struct LaneHistory {
    bool relayed = false;
    bool direct = false;
    unsigned misses = 0;  // in a row
    unsigned held = 0;
  };
  struct LaneHash {
    std::size_t operator()(const LaneKey& k) const noexcept;
  };
  using Iterator = std::list<Held>::iterator;

  void release(Iterator it);
  void release_through(Iterator it);
  void miss(LaneKey lane);
  void trim();

  std::uint64_t hold_ns_;
  std::function<void(const Logical&)> deliver_;
  jsonrpc::Parser parser_;
  std::list<Held> held_;  // in order of arrival
  std::uint64_t bytes_ = 0;
  std::uint64_t copies_ = 0;
  std::unordered_map<LaneKey, LaneHistory, LaneHash> lanes_;
};

}  // namespace mcpvigil::session
