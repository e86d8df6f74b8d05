// SPDX-License-Identifier: Apache-2.0
#include "session/hop_hold.h"

#include <utility>

#include "session/held.h"

namespace mcpvigil::session {
namespace {

constexpr unsigned kDirectAfter = 3;                  // messages without a copy: this lane ends at its reader
constexpr unsigned kForgetRelayAfter = 64;            // ... of a lane that once was relayed
constexpr std::size_t kMaxHeld = 1024;                // each message is compared with all of them
constexpr std::uint64_t kMaxHeldBytes = 64ULL << 20;  // one message of the largest size always fits
constexpr std::size_t kMaxRelays = 8;

bool is_answer(jsonrpc::Kind k) { return k == jsonrpc::Kind::kResponse || k == jsonrpc::Kind::kError; }

}  // namespace

HopHold::HopHold(std::uint64_t hold_ns, std::function<void(const Logical&)> deliver)
    : hold_ns_(hold_ns), deliver_(std::move(deliver)) {}

HopHold::~HopHold() = default;

std::size_t HopHold::LaneHash::operator()(const LaneKey& k) const noexcept {
  return static_cast<std::size_t>(mix(std::to_underlying(k.channel) * 2 + stream::index(k.lane)));
}

Digest HopHold::digest_of(const jsonrpc::Message& m) {
  // Canonical, because a bridge that parses and prints again keeps the value and not the bytes.
  std::string text;
  mcp::append_canonical(m.root, text);
  return sha256(text);
}

void HopHold::expire(base::Timestamp now) {
  while (!held_.empty() && held_.front().deadline <= now) release(held_.begin());
}

bool HopHold::absorb(const Observed& o) {
  if (held_.empty()) return false;
  const jsonrpc::Message& m = *o.message;
  Peer sender = sender_of(o);
  if (!sender.process.known()) return false;
  std::optional<Digest> digest;
  for (auto it = held_.begin(); it != held_.end(); ++it) {
    Held& h = *it;
    if (h.kind != m.kind || h.id != m.id || h.method != m.method) continue;
    h.refresh();
    if (!same_process(h.to, sender) || h.relays.size() == kMaxRelays) continue;
    bool seen_here = false;
    for (const LaneKey& l : h.lanes) seen_here |= l == lane_of(o);
    if (seen_here) continue;
    if (!digest) digest = digest_of(m);
    if (*digest != h.digest) continue;

    ++copies_;
    LaneHistory& from = lanes_[h.lanes.back()];
    from.relayed = true;
    from.direct = false;
    from.misses = 0;
    h.relays.push_back(h.to);
    h.to = receiver_of(o);
    h.last = o.channel;
    h.last_lane = o.lane;
    h.lanes.push_back(lane_of(o));
    h.seen.last = o.last;
    if (o.http != nullptr && h.seen.http == nullptr) {
      // The bridge's HTTP side says more (session id, authority): the message is told from there.
      base::Timestamp first = h.seen.first;
      std::uint64_t bytes = h.seen.bytes;
      bool gap = h.seen.gap;
      h.exchange = *o.http;
      h.seen = o;
      h.seen.first = first;
      h.seen.bytes = bytes;
      h.seen.gap = gap;
      h.seen.http = &*h.exchange;
      h.seen.sse = nullptr;
      h.seen.message = nullptr;
      h.seen.operation = nullptr;
    }
    auto next = lanes_.find(lane_of(o));
    bool ends_here = o.http != nullptr || (next != lanes_.end() && next->second.direct) ||
                     (h.home.known() && h.to.process == h.home);
    if (ends_here) release_through(it);
    return true;
  }
  return false;
}

void HopHold::release_answered(const Observed& o) {
  Peer sender = sender_of(o);
  // Every one that fits: two sessions between the same processes may have asked with the same id.
  for (auto it = held_.begin(); it != held_.end();) {
    Held& h = *it;
    bool fits = h.kind == jsonrpc::Kind::kRequest && h.id == o.message->id;
    if (fits) {
      h.refresh();
      fits = h.to.process.known() ? same_process(h.to, sender) : h.from.process != sender.process;
    }
    if (!fits) {
      ++it;
      continue;
    }
    if (!h.to.process.known()) h.to = sender;  // who answers has read it
    release_through(it);
    it = held_.begin();
  }
}

bool HopHold::may_relay(LaneKey lane) const {
  auto it = lanes_.find(lane);
  return it == lanes_.end() || !it->second.direct;
}

void HopHold::keep(const Observed& o, base::ProcessKey home) {
  Held& h = held_.emplace_back();
  const jsonrpc::Message& m = *o.message;
  h.deadline = {o.last.ns + hold_ns_};
  h.oddities = m.oddities;
  h.batch_index = m.batch_index;
  h.batch_size = m.batch_size;
  if (m.batch_size > 1 || m.text.empty()) {
    h.text.append(simdjson::minify(m.root));  // its own part only: not the array once for every element
  } else {
    h.text.append(m.text);
  }
  h.seen = o;
  h.seen.sse = nullptr;
  h.seen.message = nullptr;
  h.seen.operation = nullptr;
  if (o.http != nullptr) {
    h.exchange = *o.http;
    h.seen.http = &*h.exchange;
  }
  h.last = o.channel;
  h.last_lane = o.lane;
  h.kind = m.kind;
  h.id = m.id;
  h.method = m.method;
  h.digest = digest_of(m);
  h.from = sender_of(o);
  h.to = receiver_of(o);
  h.lanes.push_back(lane_of(o));
  h.home = home;
  bytes_ += h.text.size();
  ++lanes_[lane_of(o)].held;
  trim();
}

void HopHold::trim() {
  while (held_.size() > 1 && (held_.size() > kMaxHeld || bytes_ > kMaxHeldBytes)) release(held_.begin());
}

void HopHold::miss(LaneKey lane) {
  LaneHistory& h = lanes_[lane];
  if (h.direct) return;
  if (++h.misses >= (h.relayed ? kForgetRelayAfter : kDirectAfter)) h.direct = true;
}

void HopHold::release(Iterator it) {
  Held h = std::move(*it);
  held_.erase(it);
  if (h.exchange) h.seen.http = &*h.exchange;
  bytes_ -= h.text.size();
  LaneKey first = h.lanes.front();
  --lanes_[first].held;
  h.refresh();
  miss(h.lanes.back());
  parser_.parse(h.text.view(), [&](const jsonrpc::Message& parsed) {
    jsonrpc::Message m = parsed;
    m.oddities = h.oddities;
    m.batch_index = h.batch_index;
    m.batch_size = h.batch_size;
    mcp::Operation op = mcp::decode(m);
    h.seen.message = &m;
    h.seen.operation = &op;
    deliver_(Logical{&h.seen, h.from, h.to, h.relays, h.lanes, h.digest});
  });
  // What queued up behind the message that showed there is no relay need not wait either.
  if (auto at = lanes_.find(first); at != lanes_.end() && at->second.direct && at->second.held != 0) flush(first);
}

void HopHold::release_through(Iterator it) {
  LaneKey lane = it->lanes.front();
  const Held* last = &*it;
  for (bool done = false; !done;) {
    auto next = held_.begin();
    while (next != held_.end() && next->lanes.front() != lane) ++next;
    if (next == held_.end()) return;  // a release may have given out the rest of the lane
    done = &*next == last;
    release(next);
  }
}

void HopHold::flush(LaneKey lane) {
  if (auto at = lanes_.find(lane); at == lanes_.end() || at->second.held == 0) return;
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->lanes.front() == lane) {
      release(it);
      it = held_.begin();
    } else {
      ++it;
    }
  }
}

void HopHold::flush(const stream::Channel& c) {
  // A message that came by this channel, or got this far by it: its channel is about to go.
  for (auto it = held_.begin(); it != held_.end();) {
    bool uses = it->seen.channel == &c || it->last == &c;
    for (const LaneKey& l : it->lanes) uses |= l.channel == c.id;
    if (uses) {
      release_through(it);
      it = held_.begin();
    } else {
      ++it;
    }
  }
}

void HopHold::flush_all() {
  while (!held_.empty()) release(held_.begin());
}

bool HopHold::holds_answer_of(base::ChannelId c, std::uint64_t exchange) const {
  for (const Held& h : held_) {
    if (is_answer(h.kind) && h.exchange && h.exchange->id == exchange && h.seen.channel->id == c) return true;
  }
  return false;
}

void HopHold::forget(base::ChannelId c) {
  lanes_.erase({c, stream::Lane::kAToB});
  lanes_.erase({c, stream::Lane::kBToA});
}

}  // namespace mcpvigil::session
