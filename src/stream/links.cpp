// SPDX-License-Identifier: Apache-2.0
#include "stream/links.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace mcpvigil::stream {

using event::FlowKind;
using event::Way;

bool is_on_this_host(const event::Address& local, const event::Address& remote) {
  if (remote.family == 0) return true;  // not known: assume the peer may still show up
  if (remote.family == local.family && remote.ip == local.ip) return true;
  if (remote.family == 4) return remote.ip[0] == 127;
  const bool zeros = std::all_of(remote.ip.begin(), remote.ip.begin() + 10, [](std::uint8_t b) { return b == 0; });
  if (!zeros) return false;
  const bool mapped = remote.ip[10] == 0xFF && remote.ip[11] == 0xFF;
  if (mapped) return remote.ip[12] == 127;
  return std::all_of(remote.ip.begin() + 10, remote.ip.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
         remote.ip[15] == 1;
}

Link& Links::make(Flow& f) {
  const std::uint64_t serial = ++next_serial_;
  Link& l = *links_.emplace(serial, std::make_unique<Link>(serial, *this)).first->second;
  l.ch.one_way = is_pipe(f.facts.kind);
  l.flow[0] = &f;
  f.link = &l;
  f.side = 0;
  configure(l);
  return l;
}

// While nothing was seen, the end that listens becomes b: the lower port, or the TLS server. Once bytes were seen the
// ends keep their names.
void Links::take_side(Link& l, Flow& f) {
  if (l.opened || l.ch.one_way || l.ch.ledger[0].seen != 0 || l.ch.ledger[1].seen != 0) return;
  const event::FlowOpen& o = f.facts;
  const bool listens =
      o.kind == FlowKind::kTls ? o.is_tls_server : o.kind == FlowKind::kTcp && o.local.port < o.remote.port;
  const int side = listens ? 1 : 0;
  if (side == f.side) return;
  std::swap(l.flow[0], l.flow[1]);
  std::swap(l.ch.a, l.ch.b);
  std::swap(l.lanes[0].writers, l.lanes[1].writers);
  std::swap(l.lanes[0].reader, l.lanes[1].reader);
  f.side = side;
}

void Links::describe(Link& l) {
  Channel& c = l.ch;
  bool named = false;
  for (Flow* f : l.flow) {
    if (f == nullptr) continue;
    if (f->facts.kind != kKindUnknown) c.kind = f->facts.kind;
    if (!f->path.empty()) c.path = f->path;
    named = named || !f->path.empty();
    c.mid_stream = c.mid_stream || !f->known || f->facts.from_snapshot;
    if (c.kind == FlowKind::kTcp) {
      l.end(f->side).address = f->facts.local;
      l.end(1 - f->side).address = f->facts.remote;
    }
  }
  c.socketpair = is_unix(c.kind) && !named;
  c.tls = c.tls || c.kind == FlowKind::kTls;
  if (c.kind != FlowKind::kTcp) return;
  if (l.flow[0] != nullptr && l.flow[1] != nullptr) {
    c.a.remote = c.b.remote = false;
    return;
  }
  Flow* f = l.flow[0] != nullptr ? l.flow[0] : l.flow[1];
  l.end(1 - f->side).remote = !is_on_this_host(f->facts.local, f->facts.remote);
  if (l.end(1 - f->side).remote) wish(f, Way::kWrite, CopyMode::kCopy);
}

void Links::configure(Link& l) {
  if ((l.flow[0] == nullptr) != (l.flow[1] == nullptr)) take_side(l, l.flow[0] != nullptr ? *l.flow[0] : *l.flow[1]);
  describe(l);
  for (LinkLane& lane : l.lanes) {
    const Flow* r = l.reader_flow(lane.lane);
    const Flow* w = l.writer_flow(lane.lane);
    const auto counted_from_birth = [](const Flow* f) { return f != nullptr && f->known && !f->facts.from_snapshot; };
    lane.merge.set_known_start(Way::kRead, r != nullptr && r->known);
    lane.merge.set_known_start(Way::kWrite, w != nullptr && w->known);
    // A terminal changes what passes through it: the two copies differ in length.
    lane.merge.set_exact(counted_from_birth(r) && counted_from_birth(w) && l.ch.kind != FlowKind::kPty);
    const auto unbound = [](const Flow* f) { return f != nullptr && f->facts.kind == FlowKind::kTls && !f->bound; };
    lane.merge.set_wait_for_bind(unbound(r) || unbound(w));
    lane.merge.set_writer_at_once(w != nullptr && l.reader_end(lane.lane).remote);
    lane.merge.set_wait_for_writer(counted_from_birth(r) && lane.writers.empty() && !l.writer_end(lane.lane).remote &&
                                   l.ch.kind != FlowKind::kTls && l.ch.kind != FlowKind::kPty);
    wish_for_use(lane);
    rearm(lane);
  }
}

void Links::wish(Flow* f, Way way, CopyMode mode) {
  if (f == nullptr) return;
  CopyMode& last = f->mode[static_cast<std::size_t>(way)];
  if (last == mode || (last == CopyMode::kIgnore && f->link->ignored)) return;
  last = mode;
  if (control_ != nullptr && !f->closed) control_->set_copy(f->id, way, mode);
}

void Links::wish_for_use(LinkLane& lane) {
  Flow* w = lane.link.writer_flow(lane.lane);
  if (lane.merge.use() == Use::kWriter) wish(w, Way::kWrite, CopyMode::kCopy);
  if (lane.merge.use() == Use::kReader) wish(w, Way::kWrite, CopyMode::kCount);
}

void Links::ignore(ChannelId id) {
  const auto it = channels_.find(static_cast<std::uint64_t>(id));
  if (it == channels_.end()) return;
  it->second->ignored = true;
  for (Flow* f : it->second->flow) {
    wish(f, Way::kRead, CopyMode::kIgnore);
    wish(f, Way::kWrite, CopyMode::kIgnore);
  }
}

std::uint64_t Links::held(ChannelId id, Lane lane) const {
  const auto it = channels_.find(static_cast<std::uint64_t>(id));
  return it == channels_.end() ? 0 : it->second->lanes[index(lane)].merge.held();
}

void Links::open(Link& l) {
  l.opened = true;
  l.ch.id = ChannelId{++opened};
  channels_.emplace(opened, &l);
  listener_.on_open(l.ch, env.now);
  for (LinkLane& lane : l.lanes) {
    if (lane.merge.ended()) end_lane(lane);
  }
}

void Links::end_lane(LinkLane& lane) {
  lane.merge.end();
  rearm(lane);
  if (!lane.link.opened || lane.end_told || (lane.link.ch.one_way && lane.lane == Lane::kBToA)) return;
  lane.end_told = true;
  listener_.on_lane_end(lane.link.ch, lane.lane, env.now);
}

void Links::absorb_lane(LinkLane& kept, LinkLane& gone, bool gone_was_open) {
  kept.merge.absorb(gone.merge);
  base::Ledger& theirs = gone.link.ch.ledger[index(gone.lane)];
  if (!gone_was_open) kept.link.ch.ledger[index(kept.lane)] += std::exchange(theirs, {});
  if (kept.writers.empty()) kept.writers = gone.writers;
  if (!kept.reader.known()) kept.reader = gone.reader;
  arm(gone, LaneMerge::kNoDeadline);
}

bool Links::join(Flow& f, Flow& g) {
  Link &x = *f.link, &y = *g.link;
  const auto alone = [](const Link& l) { return !l.ch.one_way && (l.flow[0] == nullptr) != (l.flow[1] == nullptr); };
  if (&x == &y || !alone(x) || !alone(y)) return false;
  // The one the listener knows, else the one it would have known first.
  const bool keep_x = x.opened != y.opened ? x.opened : x.serial < y.serial;
  Link &kept = keep_x ? x : y, &gone = keep_x ? y : x;
  Flow &stays = keep_x ? f : g, &moves = keep_x ? g : f;

  LinkLane &gone_in = gone.lane_of(moves, Way::kRead), &gone_out = gone.lane_of(moves, Way::kWrite);
  const base::ProcessKey process = gone.end(moves.side).process;
  gone.flow = {};
  moves.link = &kept;
  moves.side = 1 - stays.side;
  kept.flow[static_cast<std::size_t>(moves.side)] = &moves;
  if (process.known()) kept.end(moves.side).process = process;
  kept.ch.tls = kept.ch.tls || gone.ch.tls;
  configure(kept);
  absorb_lane(kept.lane_of(moves, Way::kRead), gone_in, gone.opened);
  absorb_lane(kept.lane_of(moves, Way::kWrite), gone_out, gone.opened);
  configure(kept);
  if (kept.ignored || gone.ignored) ignore(kept.ch.id);
  close(gone);
  return true;
}

// The writer's own end is gone: nothing follows what its counters say.
void Links::finish_writer(Link& l, LinkLane& lane) {
  Flow* w = l.writer_flow(lane.lane);
  if (w == nullptr || !w->closed || lane.merge.ended()) return;
  if (lane.merge.use() == Use::kWriter) {
    lane.merge.close_tap(Way::kWrite, w->totals.write_total, w->totals.write_ignored);
    end_lane(lane);
  }
}

void Links::on_flow_closed(Flow& f) {
  Link& l = *f.link;
  LinkLane& in = l.lane_of(f, Way::kRead);
  if (l.ch.one_way) {
    in.merge.choose_held();
    if (f.totals.read_total != 0) in.merge.choose(Use::kReader);
    if (f.totals.write_total != 0) in.merge.choose(Use::kWriter);
    in.merge.close_tap(Way::kRead, f.totals.read_total, f.totals.read_ignored);
    in.merge.close_tap(Way::kWrite, f.totals.write_total, f.totals.write_ignored);
    close(l);
    return;
  }
  // Nothing more can arrive at this end.
  in.merge.choose_held();
  if (f.totals.read_total != 0) in.merge.choose(Use::kReader);
  in.merge.close_tap(Way::kRead, f.totals.read_total, f.totals.read_ignored);
  end_lane(in);
  // What it wrote may still be read at the other end.
  LinkLane& out = l.lane_of(f, Way::kWrite);
  const Flow* peer = l.flow[static_cast<std::size_t>(1 - f.side)];
  const bool no_reader = peer == nullptr || peer->closed;
  if (no_reader && out.merge.held() == 0 && f.totals.write_total != 0) out.merge.choose(Use::kWriter);
  settle(l);
}

void Links::settle(Link& l) {
  for (LinkLane& lane : l.lanes) finish_writer(l, lane);
  bool waiting = false;
  for (const LinkLane& lane : l.lanes)
    waiting = waiting || (lane.merge.use() == Use::kUndecided && lane.merge.held() != 0);
  for (LinkLane& lane : l.lanes) rearm(lane);
  for (const Flow* f : l.flow) {
    if (f != nullptr && !f->closed) return;
  }
  if (!waiting) close(l);
}

void Links::close(Link& l) {
  for (LinkLane& lane : l.lanes) {
    end_lane(lane);
    arm(lane, LaneMerge::kNoDeadline);
  }
  if (!l.opened && (l.ch.ledger[0].seen != 0 || l.ch.ledger[1].seen != 0)) open(l);
  if (l.opened) {
    for (LinkLane& lane : l.lanes) end_lane(lane);
    listener_.on_close(l.ch, env.now);
    channels_.erase(static_cast<std::uint64_t>(l.ch.id));
  }
  for (Flow* f : l.flow) {
    if (f != nullptr) flows_.erase(*f);
  }
  links_.erase(l.serial);
}

void Links::close_all() {
  std::vector<Link*> all;
  all.reserve(links_.size());
  for (const auto& [serial, link] : links_) all.push_back(link.get());
  std::sort(all.begin(), all.end(), [](const Link* x, const Link* y) { return x->serial < y->serial; });
  for (Link* l : all) close(*l);
}

void Links::arm(LinkLane& lane, std::uint64_t deadline) {
  if (lane.armed == deadline) return;
  const std::uint64_t order = lane.link.serial * 2 + index(lane.lane);
  if (lane.armed != LaneMerge::kNoDeadline) timers_.erase({lane.armed, order, &lane});
  lane.armed = deadline;
  if (deadline != LaneMerge::kNoDeadline) timers_.insert({deadline, order, &lane});
}

void Links::expire_timers() {
  while (!timers_.empty() && std::get<0>(*timers_.begin()) <= env.now.ns) {
    LinkLane& lane = *std::get<2>(*timers_.begin());
    lane.merge.expire();
    arm(lane, lane.merge.deadline());
    settle(lane.link);
  }
}

}  // namespace mcpvigil::stream
