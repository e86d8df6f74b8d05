// SPDX-License-Identifier: Apache-2.0
// Held: a message that waits for its next hop, with everything it borrowed copied.
#pragma once
#include "session/hop_hold.h"

namespace mcpvigil::session {

struct HopHold::Held {
  base::Timestamp deadline;
  base::PaddedBuffer text;
  std::uint32_t oddities = 0, batch_index = 0, batch_size = 1;
  Observed seen;  // http points at `exchange`; message and operation are made again when it is given out
  std::optional<frame::HttpExchange> exchange;
  const stream::Channel* last = nullptr;  // of the copy that got furthest; alive until its on_channel_close
  stream::Lane last_lane{};
  jsonrpc::Kind kind{};
  jsonrpc::Id id;
  std::string method;
  Digest digest{};
  Peer from, to;
  std::vector<Peer> relays;
  std::vector<LaneKey> lanes;
  base::ProcessKey home;

  // A reader may become known only after the message was seen: ask the channel again.
  void refresh() {
    if (!to.process.known()) to = peer_of(last_lane == stream::Lane::kAToB ? last->b : last->a, {});
    if (!from.process.known() && relays.empty()) from = sender_of(seen);
  }
};

}  // namespace mcpvigil::session
