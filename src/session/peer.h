// SPDX-License-Identifier: Apache-2.0
// Peer: one end of a message as the transport knows it, a process here or an address elsewhere.
#pragma once
#include <cstdint>

#include "base/ids.h"
#include "event/event.h"
#include "session/sessions.h"
#include "stream/channel.h"

namespace mcpvigil::session {

struct Peer {
  base::ProcessKey process;
  event::Address address;  // of a remote peer, and of a local one over TCP
  bool remote = false;
  [[nodiscard]] bool known() const { return process.known() || address.family != 0; }
  bool operator==(const Peer&) const = default;
};

// Same process, or the same remote endpoint when neither has one.
[[nodiscard]] inline bool same_process(const Peer& x, const Peer& y) {
  return x.process.known() && x.process == y.process;
}

[[nodiscard]] inline Peer peer_of(const stream::End& end, base::ProcessKey actor) {
  return Peer{actor.known() ? actor : end.process, end.address, end.remote};
}
[[nodiscard]] inline Peer sender_of(const Observed& o) {
  return peer_of(o.lane == stream::Lane::kAToB ? o.channel->a : o.channel->b, o.sender);
}
[[nodiscard]] inline Peer receiver_of(const Observed& o) {
  return peer_of(o.lane == stream::Lane::kAToB ? o.channel->b : o.channel->a, o.receiver);
}

// One direction of one channel.
struct LaneKey {
  base::ChannelId channel{};
  stream::Lane lane{};
  bool operator==(const LaneKey&) const = default;
};
[[nodiscard]] inline LaneKey lane_of(const Observed& o) { return {o.channel->id, o.lane}; }

// stdio: one object for each direction. Node and Bun make two socketpairs and use each one way only.
[[nodiscard]] inline bool comes_in_pairs(const stream::Channel& c) { return c.one_way || c.socketpair; }

}  // namespace mcpvigil::session
