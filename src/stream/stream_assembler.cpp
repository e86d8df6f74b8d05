// SPDX-License-Identifier: Apache-2.0
#include "stream/stream_assembler.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "stream/flow_table.h"
#include "stream/links.h"

namespace mcpvigil::stream {

using event::FlowKind;
using event::Way;

struct StreamAssembler::State {
  State(AssemblerLimits l, StreamListener& listener, CopyControl* control)
      : limits(l), links(flows, listener, control) {
    links.env.limits = l.stream;
  }

  // Every event has a time; only these carry more.
  template <typename T>
  void on(const T&) {}
  void on(const event::FlowOpen& e);
  void on(const event::FlowData& e);
  void on(const event::FlowActor& e);
  void on(const event::FlowSkipped& e);
  void on(const event::FlowHolder& e);
  void on(const event::FlowEof& e);
  void on(const event::FlowClose& e);
  void on(const event::ProcessNote& e);
  void on(const event::Lost& e);

  Flow& insert(base::FlowId id);
  Flow* find_or_meet(base::FlowId id);
  void pair(Flow& f);
  void bind_tls(Flow& tls);
  void pair_tls(Flow& socket);
  Flow* tls_of(const Flow& socket);
  void note_actor(Link& l, LinkLane& lane, const Flow& f, Way way, std::uint64_t pos, const ProcessKey& actor);

  AssemblerLimits limits;
  FlowTable flows;
  Links links;
  AssemblerStats stats;
  std::unordered_map<std::uint64_t, base::FlowId> tls_waiting;  // socket not met yet -> its TLS flow
};

namespace {

// Later facts win; what a later record does not know does not erase what an earlier one did.
void learn(Flow& f, const event::FlowOpen& o) {
  event::FlowOpen& k = f.facts;
  k.kind = o.kind;
  if (o.inode != 0) k.inode = o.inode;
  if (o.peer_inode != 0) k.peer_inode = o.peer_inode;
  if (o.tls_socket != base::FlowId{}) k.tls_socket = o.tls_socket;
  if (o.netns != 0) k.netns = o.netns;
  if (o.local.family != 0) k.local = o.local;
  if (o.remote.family != 0) k.remote = o.remote;
  if (!o.path.empty()) f.path.assign(o.path);
  k.is_tls_server = k.is_tls_server || o.is_tls_server;
  k.from_snapshot = k.from_snapshot || o.from_snapshot;
}

}  // namespace

Flow& StreamAssembler::State::insert(base::FlowId id) {
  while (flows.size() != 0 && flows.size() >= limits.max_flows) {
    ++stats.flows_evicted;
    links.close(*flows.oldest()->link);
  }
  return flows.insert(id);
}

// A flow met by its bytes: where they stand in the stream is not known, nor what the other end is.
Flow* StreamAssembler::State::find_or_meet(base::FlowId id) {
  if (Flow* f = flows.find(id)) return f;
  if (flows.was_closed(id)) return nullptr;
  ++stats.flows_implicit;
  Flow& f = insert(id);
  links.make(f);
  return &f;
}

void StreamAssembler::State::on(const event::FlowOpen& e) {
  Flow* f = flows.find(e.flow);
  if (f != nullptr && is_pipe(f->facts.kind) != is_pipe(e.kind)) {
    // One stream or two? Met by its bytes it was taken for the other: what was given out stays, a new channel starts.
    const bool known = f->known;
    links.close(*f->link);
    f = &insert(e.flow);
    f->known = known;
    learn(*f, e);
    links.make(*f);
  } else if (f == nullptr) {
    ++stats.flows_opened;
    f = &insert(e.flow);
    f->known = true;
    learn(*f, e);
    links.make(*f);
  } else {
    learn(*f, e);
  }
  flows.touch(*f);
  flows.index(*f);
  links.configure(*f->link);
  if (f->facts.kind == FlowKind::kTls) {
    bind_tls(*f);
  } else {
    pair(*f);
  }
}

void StreamAssembler::State::pair(Flow& f) {
  if (is_pipe(f.facts.kind)) return;
  if (Flow* g = flows.other_end(f)) links.join(f, *g);
  const auto it = tls_waiting.find(static_cast<std::uint64_t>(f.id));
  if (it != tls_waiting.end()) {
    Flow* tls = flows.find(it->second);
    tls_waiting.erase(it);
    if (tls != nullptr && tls->facts.tls_socket == f.id) bind_tls(*tls);
  }
  pair_tls(f);
  for (Flow* g : f.link->flow) {
    if (g != nullptr && g != &f) pair_tls(*g);
  }
}

void StreamAssembler::State::bind_tls(Flow& tls) {
  if (tls.facts.tls_socket == base::FlowId{}) return;
  Flow* socket = flows.find(tls.facts.tls_socket);
  if (socket == nullptr) {
    if (tls_waiting.size() < limits.max_flows) tls_waiting[static_cast<std::uint64_t>(tls.facts.tls_socket)] = tls.id;
    return;
  }
  if (socket->facts.kind == FlowKind::kTls || is_pipe(socket->facts.kind)) return;  // TLS in TLS, or damage
  tls.bound = true;
  socket->tls_over = tls.id;
  pair_tls(*socket);
}

Flow* StreamAssembler::State::tls_of(const Flow& socket) {
  if (socket.tls_over == base::FlowId{}) return nullptr;
  Flow* tls = flows.find(socket.tls_over);
  return tls != nullptr && tls->facts.kind == FlowKind::kTls && tls->facts.tls_socket == socket.id ? tls : nullptr;
}

// The TLS stream over `socket` learns from the socket who the peer is, and meets the peer's TLS stream.
void StreamAssembler::State::pair_tls(Flow& socket) {
  Flow* tls = tls_of(socket);
  if (tls == nullptr) return;
  Link& carrier = *socket.link;
  carrier.ch.tls = true;
  Flow* peer_socket = carrier.flow[static_cast<std::size_t>(1 - socket.side)];
  Flow* peer = peer_socket != nullptr ? tls_of(*peer_socket) : nullptr;
  if (peer != nullptr) links.join(*tls, *peer);
  Link& l = *tls->link;
  l.end(tls->side).address = carrier.end(socket.side).address;
  l.end(1 - tls->side).address = carrier.end(1 - socket.side).address;
  l.end(1 - tls->side).remote = carrier.end(1 - socket.side).remote;
  if (carrier.end(1 - socket.side).remote) links.wish(tls, Way::kWrite, CopyMode::kCopy);
  links.configure(l);
}

void StreamAssembler::State::note_actor(Link& l, LinkLane& lane, const Flow& f, Way way, std::uint64_t pos,
                                        const ProcessKey& actor) {
  if (!actor.known()) return;
  if (way == Way::kWrite) {
    lane.writers.note(pos, actor);
    lane.merge.set_wait_for_writer(false);
  } else {
    lane.reader = actor;
  }
  if (l.ch.one_way) {
    (way == Way::kWrite ? l.ch.a : l.ch.b).process = actor;
  } else {
    l.end(f.side).process = actor;
  }
}

void StreamAssembler::State::on(const event::FlowData& e) {
  Flow* f = find_or_meet(e.flow);
  if (f == nullptr) {
    ++stats.late_records;
    stats.late_bytes += e.len;
    return;
  }
  flows.touch(*f);
  if (e.pos > LaneMerge::kMaxPosition || e.len > LaneMerge::kMaxPosition || e.way > Way::kWrite) {
    ++stats.bad_records;
    return;
  }
  Link& l = *f->link;
  LinkLane& lane = l.lane_of(*f, e.way);
  note_actor(l, lane, *f, e.way, e.pos, e.actor);
  if (e.len == 0) return;
  lane.merge.take({.way = e.way,
                   .missing = e.missing,
                   .pos = e.pos,
                   .len = e.len,
                   .payload = e.payload.size() <= e.len ? e.payload : e.payload.substr(0, e.len),
                   .actor = e.actor,
                   .ts = e.ts});
  links.rearm(lane);
}

void StreamAssembler::State::on(const event::FlowActor& e) {
  Flow* f = flows.find(e.flow);
  if (f == nullptr || e.pos > LaneMerge::kMaxPosition || e.way > Way::kWrite) return;
  flows.touch(*f);
  LinkLane& lane = f->link->lane_of(*f, e.way);
  note_actor(*f->link, lane, *f, e.way, e.pos, e.actor);
  links.rearm(lane);
}

void StreamAssembler::State::on(const event::FlowSkipped& e) {
  Flow* f = find_or_meet(e.flow);
  if (f == nullptr || e.len == 0) return;
  flows.touch(*f);
  if (e.pos > LaneMerge::kMaxPosition || e.len > LaneMerge::kMaxPosition || e.way > Way::kWrite) {
    ++stats.bad_records;
    return;
  }
  LinkLane& lane = f->link->lane_of(*f, e.way);
  lane.merge.take({.way = e.way, .by_order = true, .pos = e.pos, .len = e.len, .payload = {}, .actor = {}, .ts = e.ts});
  // The kernel has opened this way again: what is wished from now on has to be said to it anew.
  f->mode[static_cast<std::size_t>(e.way)] = CopyMode::kAuto;
  f->link->ignored = false;
  links.wish_for_use(lane);
  links.rearm(lane);
}

void StreamAssembler::State::on(const event::FlowHolder& e) {
  Flow* f = flows.find(e.flow);
  if (f == nullptr) return;
  auto& holders = f->holders;
  std::erase_if(holders, [&](const Flow::Holder& h) { return h.process == e.holder; });
  if (holders.size() >= Flow::kMaxHolders) holders.erase(holders.begin());
  if (e.can_read != 0 || e.can_write != 0) holders.push_back({e.holder, e.can_read != 0, e.can_write != 0});
}

void StreamAssembler::State::on(const event::FlowEof& e) {
  Flow* f = flows.find(e.flow);
  if (f == nullptr || e.way > Way::kWrite) return;
  flows.touch(*f);
  // Another writer may open a named pipe, and ^D is not the end of a terminal.
  if (f->facts.kind == FlowKind::kFifo || f->facts.kind == FlowKind::kPty) return;
  LinkLane& lane = f->link->lane_of(*f, e.way);
  // What a writer put in before its end may still be on its way to the reader.
  if (e.way == Way::kRead || lane.merge.use() == Use::kWriter) links.end_lane(lane);
}

void StreamAssembler::State::on(const event::FlowClose& e) {
  Flow* f = flows.find(e.flow);
  if (f == nullptr || f->closed) return;
  f->closed = true;
  f->totals = e;
  links.on_flow_closed(*f);
}

void StreamAssembler::State::on(const event::ProcessNote& e) {
  Flow* f = flows.find(e.flow);
  if (f == nullptr) return;
  if (e.what == event::BlindSpot::kBlindReader) {
    LinkLane& lane = f->link->lane_of(*f, Way::kRead);
    f->link->reader_end(lane.lane).blind = true;
    lane.merge.reader_is_blind();
    links.rearm(lane);
  } else if (e.what == event::BlindSpot::kBlindWriter) {
    LinkLane& lane = f->link->lane_of(*f, Way::kWrite);
    f->link->writer_end(lane.lane).blind = true;
  }
}

void StreamAssembler::State::on(const event::Lost& e) {
  if (e.records == 0 && e.bytes == 0) return;
  ++links.env.lost_serial;
  links.env.lost_reason = e.reason < base::LossReason::kCount ? e.reason : base::LossReason::kStreamGap;
}

StreamAssembler::StreamAssembler(AssemblerLimits limits, StreamListener& listener, CopyControl* control)
    : s_(std::make_unique<State>(limits, listener, control)) {}
StreamAssembler::~StreamAssembler() = default;

void StreamAssembler::on_event(const event::Event& e) {
  State& s = *s_;
  std::visit(
      [&s](const auto& x) {
        if (x.ts > s.links.env.now) s.links.env.now = x.ts;
        s.links.expire();
        s.on(x);
      },
      e);
}

void StreamAssembler::finish(Timestamp ts) {
  s_->links.env.now = std::max(s_->links.env.now, ts);
  s_->links.expire();
  s_->links.close_all();
}

void StreamAssembler::ignore(ChannelId id) { s_->links.ignore(id); }
std::uint64_t StreamAssembler::held(ChannelId id, Lane lane) const { return s_->links.held(id, lane); }
std::size_t StreamAssembler::flows() const { return s_->flows.size(); }

AssemblerStats StreamAssembler::stats() const {
  AssemblerStats out = s_->stats;
  out.channels_opened = s_->links.opened;
  return out;
}

}  // namespace mcpvigil::stream
