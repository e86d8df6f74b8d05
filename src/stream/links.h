// SPDX-License-Identifier: Apache-2.0
// Links: makes, joins and closes the channels that flows are the ends of, and tells the listener. Inside of `stream` only.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <tuple>
#include <unordered_map>

#include "stream/channel.h"
#include "stream/flow.h"
#include "stream/flow_table.h"

namespace mcpvigil::stream {

class Links {
 public:
  Links(FlowTable& flows, StreamListener& listener, CopyControl* control)
      : flows_(flows), listener_(listener), control_(control) {}

  LaneEnv env;
  std::uint64_t opened = 0;

  // A new link with f as its only flow.
  Link& make(Flow& f);
  // f's facts or f's link changed: which end is which, who is remote, what the lanes may assume.
  void configure(Link& l);
  // f and g are the two ends of one connection. False when that cannot be (either has a partner).
  bool join(Flow& f, Flow& g);
  // After f.closed and f.totals were set. May destroy the link.
  void on_flow_closed(Flow& f);
  void end_lane(LinkLane& lane);
  void close(Link& l);
  void close_all();
  // Everything whose time is up at env.now.
  void expire() {
    if (!timers_.empty() && std::get<0>(*timers_.begin()) <= env.now.ns) [[unlikely]]
      expire_timers();
  }
  void rearm(LinkLane& lane) {
    if (lane.merge.deadline() != lane.armed) [[unlikely]]
      arm(lane, lane.merge.deadline());
  }
  void ignore(ChannelId id);
  [[nodiscard]] std::uint64_t held(ChannelId id, Lane lane) const;

  // For the lanes.
  void open_if_new(Link& l) {
    if (!l.opened) [[unlikely]]
      open(l);
  }
  void wish_for_use(LinkLane& lane);
  void wish(Flow* f, event::Way way, CopyMode mode);
  [[nodiscard]] StreamListener& listener() { return listener_; }

 private:
  void open(Link& l);
  void take_side(Link& l, Flow& f);
  void describe(Link& l);
  void arm(LinkLane& lane, std::uint64_t deadline);
  void expire_timers();
  void settle(Link& l);
  void finish_writer(Link& l, LinkLane& lane);
  void absorb_lane(LinkLane& kept, LinkLane& gone, bool gone_was_open);

  FlowTable& flows_;
  StreamListener& listener_;
  CopyControl* control_;
  std::uint64_t next_serial_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Link>> links_;        // by serial
  std::unordered_map<std::uint64_t, Link*> channels_;                     // opened ones, by channel id
  std::set<std::tuple<std::uint64_t, std::uint64_t, LinkLane*>> timers_;  // deadline, order, lane
};

// Loopback, or an address of this end itself: the peer is a process of this host.
[[nodiscard]] bool is_on_this_host(const event::Address& local, const event::Address& remote);

}  // namespace mcpvigil::stream
