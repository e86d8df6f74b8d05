// SPDX-License-Identifier: Apache-2.0
// Flow: one kernel object. Link: the one or two flows that are the ends of one channel. Inside of `stream` only.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "event/event.h"
#include "stream/actor_log.h"
#include "stream/channel.h"
#include "stream/lane_merge.h"

namespace mcpvigil::stream {

struct Link;
class Links;

// Of a flow whose FlowOpen was lost; treated as one end of a two-way stream until the kind is known.
inline constexpr event::FlowKind kKindUnknown{};

[[nodiscard]] constexpr bool is_pipe(event::FlowKind k) {
  return k == event::FlowKind::kPipe || k == event::FlowKind::kFifo;
}
[[nodiscard]] constexpr bool is_unix(event::FlowKind k) {
  return k == event::FlowKind::kUnixStream || k == event::FlowKind::kUnixSeqpacket;
}

struct Flow {
  struct Holder {
    base::ProcessKey process;
    bool can_read = false, can_write = false;
  };
  // More holders than these are a process tree that all inherited one pipe; the latest ones are the users.
  static constexpr std::size_t kMaxHolders = 16;

  base::FlowId id{};
  event::FlowOpen facts;  // facts.path is empty: see path
  std::string path;
  bool known = false;  // a FlowOpen was seen before any byte
  bool closed = false;
  bool bound = false;              // TLS: its socket is here
  event::FlowClose totals;         // once closed
  std::array<CopyMode, 2> mode{};  // the last wish, by way
  Link* link = nullptr;
  int side = 0;             // 0: end a, 1: end b; a pipe is both
  base::FlowId tls_over{};  // a socket: the TLS flow that runs over it
  std::vector<Holder> holders;
  std::uint64_t own_name = 0, wanted_name = 0;  // in the FlowTable's index; 0: none
  Flow *older = nullptr, *newer = nullptr;      // order of last use
};

struct LinkLane final : LaneSink {
  LinkLane(Link& l, Lane i, Links& o);
  void lane_bytes(event::Way taken, std::uint64_t tap_pos, std::uint64_t out_pos, base::Bytes bytes,
                  const base::ProcessKey& actor, base::Timestamp ts) override;
  void lane_gap(std::uint64_t n, base::LossReason why, base::Timestamp ts) override;
  void lane_ignored(std::uint64_t n, base::Timestamp ts) override;
  void lane_use(Use use) override;
  void lane_reader_seen() override;

  Link& link;
  Lane lane;
  Links& links;
  LaneMerge merge;
  ActorLog writers;
  base::ProcessKey reader;                       // the last one seen
  std::uint64_t armed = LaneMerge::kNoDeadline;  // the deadline it is registered with
  bool end_told = false;
};

struct Link {
  Link(std::uint64_t n, Links& o)
      : serial(n), lanes{LinkLane(*this, Lane::kAToB, o), LinkLane(*this, Lane::kBToA, o)} {}
  Link(Link&&) = delete;

  Channel ch;
  std::uint64_t serial;
  bool opened = false;          // on_open was called
  bool ignored = false;         // the listener wants no more of it
  std::array<Flow*, 2> flow{};  // by side; a pipe is in 0 only
  std::array<LinkLane, 2> lanes;

  [[nodiscard]] LinkLane& lane_of(const Flow& f, event::Way w) {
    if (ch.one_way) return lanes[0];
    return lanes[(f.side == 0) == (w == event::Way::kWrite) ? 0 : 1];
  }
  [[nodiscard]] Flow* reader_flow(Lane l) const { return ch.one_way ? flow[0] : flow[l == Lane::kAToB ? 1 : 0]; }
  [[nodiscard]] Flow* writer_flow(Lane l) const { return ch.one_way ? flow[0] : flow[l == Lane::kAToB ? 0 : 1]; }
  [[nodiscard]] End& reader_end(Lane l) { return l == Lane::kAToB ? ch.b : ch.a; }
  [[nodiscard]] End& writer_end(Lane l) { return l == Lane::kAToB ? ch.a : ch.b; }
  [[nodiscard]] End& end(int side) { return side == 0 ? ch.a : ch.b; }
};

}  // namespace mcpvigil::stream
