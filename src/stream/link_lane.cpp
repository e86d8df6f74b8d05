// SPDX-License-Identifier: Apache-2.0
// A lane of a link: what its merge gives out becomes the listener's calls, with both processes named.
#include <algorithm>

#include "stream/flow.h"
#include "stream/links.h"

namespace mcpvigil::stream {
namespace {

// The latest process that holds the flow for this use and is not `not_this`.
base::ProcessKey holder_of(const Flow* f, bool write, const base::ProcessKey& not_this) {
  if (f == nullptr) return {};
  for (auto it = f->holders.rbegin(); it != f->holders.rend(); ++it) {
    if ((write ? it->can_write : it->can_read) && it->process != not_this) return it->process;
  }
  return {};
}

}  // namespace

LinkLane::LinkLane(Link& l, Lane i, Links& o)
    : link(l), lane(i), links(o), merge(l.ch.ledger[index(i)], o.env, *this) {}

void LinkLane::lane_bytes(event::Way taken, std::uint64_t tap_pos, std::uint64_t out_pos, base::Bytes bytes,
                          const base::ProcessKey& actor, base::Timestamp ts) {
  links.open_if_new(link);
  StreamListener& out = links.listener();
  if (taken == event::Way::kWrite) {
    const base::ProcessKey receiver = reader.known() ? reader : holder_of(link.reader_flow(lane), false, actor);
    out.on_bytes(link.ch, lane, out_pos, bytes, actor, receiver, ts);
    return;
  }
  if (writers.empty()) {
    out.on_bytes(link.ch, lane, out_pos, bytes, holder_of(link.writer_flow(lane), true, actor), actor, ts);
    return;
  }
  if (!merge.exact()) {
    out.on_bytes(link.ch, lane, out_pos, bytes, writers.latest(), actor, ts);
    return;
  }
  // One read may return what several processes wrote.
  while (!bytes.empty()) {
    const std::uint64_t change = writers.change_after(tap_pos);
    const std::size_t n = change - tap_pos < bytes.size() ? change - tap_pos : bytes.size();
    out.on_bytes(link.ch, lane, out_pos, bytes.substr(0, n), writers.at(tap_pos), actor, ts);
    bytes.remove_prefix(n);
    tap_pos += n;
    out_pos += n;
  }
}

void LinkLane::lane_gap(std::uint64_t n, base::LossReason why, base::Timestamp ts) {
  links.open_if_new(link);
  links.listener().on_gap(link.ch, lane, n, why, ts);
}

void LinkLane::lane_ignored(std::uint64_t n, base::Timestamp ts) {
  links.open_if_new(link);
  links.listener().on_ignored(link.ch, lane, n, ts);
}

void LinkLane::lane_use(Use use) {
  End& e = link.reader_end(lane);
  // The peer of a TLS stream may use a library that is not covered: not blind, just not seen.
  e.blind = use == Use::kWriter && !e.remote && link.ch.kind != event::FlowKind::kTls;
  links.wish_for_use(*this);
}

void LinkLane::lane_reader_seen() {
  link.reader_end(lane).blind = false;
  if (!merge.exact()) links.wish(link.reader_flow(lane), event::Way::kRead, CopyMode::kCount);
}

}  // namespace mcpvigil::stream
