// SPDX-License-Identifier: Apache-2.0
#include "session/session_table.h"

#include <algorithm>
#include <utility>

#include "session/digest.h"

namespace mcpvigil::session {
namespace {

constexpr std::size_t kMaxExchanges = 1024;  // of one connection, never ended: the oldest is forgotten

std::uint64_t number_of(base::ChannelId c) { return std::to_underlying(c); }

// A bijection on 32 bits: two sessions of one run never share an id, yet ids of two runs differ by the seed.
std::uint32_t scramble(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7FEB352DU;
  x ^= x >> 15;
  x *= 0x846CA68BU;
  return x ^ (x >> 16);
}

std::string session_id(std::uint64_t number, std::uint64_t seed) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::uint32_t v = scramble(static_cast<std::uint32_t>(number) ^ static_cast<std::uint32_t>(seed));
  std::string out = "s-";
  for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[(v >> shift) & 15]);
  return out;
}

}  // namespace

Session& SessionTable::open(base::Timestamp ts, bool http, const Peer& a, const Peer& b) {
  if (seed_ == 0) {
    // Of the first session's processes: the same in a replay, another in the next run.
    seed_ = mix(a.process.pid ^ mix(a.process.start_ns) ^ mix(b.process.pid + mix(b.process.start_ns + 1))) | 1;
  }
  Session& s = sessions_.emplace_back();
  where_[&s] = std::prev(sessions_.end());
  s.number = next_number_++;
  s.id = session_id(s.number, seed_);
  s.http = http;
  s.opened = s.last = ts;
  s.role = http ? RoleProof::kTransport : RoleProof::kGuess;
  set_end(s, 0, a);
  set_end(s, 1, b);
  return s;
}

void SessionTable::touch(Session& s, base::Timestamp ts) {
  if (s.last < ts) s.last = ts;
  sessions_.splice(sessions_.end(), sessions_, where_.at(&s));
}

void SessionTable::erase(Session& s) {
  for (base::ChannelId c : s.channels) {
    auto it = channels_.find(number_of(c));
    if (it == channels_.end()) continue;
    for (Binding& b : it->second.lanes) {
      if (b.session == &s) b = {};
    }
  }
  for (auto [channel, exchange] : s.exchanges) {
    auto it = channels_.find(number_of(channel));
    if (it == channels_.end()) continue;
    std::erase_if(it->second.exchanges, [id = exchange](const auto& e) { return e.first == id; });
  }
  for (const std::string& k : s.keys) {
    auto it = keys_.find(k);
    if (it != keys_.end() && it->second == &s) keys_.erase(it);
  }
  for (const Peer& p : s.end) unindex_process(p.process, s);
  auto at = where_.find(&s);
  auto position = at->second;
  where_.erase(at);
  sessions_.erase(position);
}

// Keeps Session::channels true after a lane of `c` was tied or untied.
void SessionTable::recount_channels(Session& s, base::ChannelId c) {
  std::erase(s.channels, c);
  auto it = channels_.find(number_of(c));
  if (it == channels_.end()) return;
  for (const Binding& b : it->second.lanes) {
    if (b.session == &s) {
      s.channels.push_back(c);
      return;
    }
  }
}

Binding SessionTable::lane(LaneKey k) const {
  auto it = channels_.find(number_of(k.channel));
  return it == channels_.end() ? Binding{} : it->second.lanes[stream::index(k.lane)];
}

void SessionTable::bind_lane(LaneKey k, Session& s, int sender_end) {
  Binding& b = channels_[number_of(k.channel)].lanes[stream::index(k.lane)];
  Session* before = b.session;
  b = {&s, sender_end};
  if (before != nullptr && before != &s) recount_channels(*before, k.channel);
  if (before != &s) recount_channels(s, k.channel);
}

Binding SessionTable::exchange(base::ChannelId c, std::uint64_t exchange) const {
  auto it = channels_.find(number_of(c));
  if (it == channels_.end()) return {};
  for (const auto& [id, s] : it->second.exchanges) {
    if (id == exchange) return {s, 0};
  }
  return {};
}

void SessionTable::bind_exchange(base::ChannelId c, std::uint64_t exchange, Session& s) {
  end_exchange(c, exchange);
  auto& list = channels_[number_of(c)].exchanges;
  if (list.size() == kMaxExchanges) end_exchange(c, list.front().first);
  list.emplace_back(exchange, &s);
  s.exchanges.emplace_back(c, exchange);
}

void SessionTable::end_exchange(base::ChannelId c, std::uint64_t exchange) {
  auto it = channels_.find(number_of(c));
  if (it == channels_.end()) return;
  auto& list = it->second.exchanges;
  for (auto at = list.begin(); at != list.end(); ++at) {
    if (at->first != exchange) continue;
    std::erase(at->second->exchanges, std::pair(c, exchange));
    list.erase(at);
    return;
  }
}

std::vector<Session*> SessionTable::close_channel(base::ChannelId c) {
  std::vector<Session*> orphans;
  auto it = channels_.find(number_of(c));
  if (it == channels_.end()) return orphans;
  for (const auto& [exchange, s] : it->second.exchanges) std::erase(s->exchanges, std::pair(c, exchange));
  for (const Binding& b : it->second.lanes) {
    if (b.session == nullptr) continue;
    std::erase(b.session->channels, c);
    if (b.session->channels.empty() && std::find(orphans.begin(), orphans.end(), b.session) == orphans.end()) {
      orphans.push_back(b.session);
    }
  }
  channels_.erase(it);
  std::sort(orphans.begin(), orphans.end(), [](const Session* x, const Session* y) { return x->number < y->number; });
  return orphans;
}

bool SessionTable::has_lane_from(const Session& s, int end) const {
  for (base::ChannelId c : s.channels) {
    auto it = channels_.find(number_of(c));
    if (it == channels_.end()) continue;
    for (const Binding& b : it->second.lanes) {
      if (b.session == &s && b.sender_end == end) return true;
    }
  }
  return false;
}

void SessionTable::swap_lanes(Session& s, int end_of_s, Session& t, int end_of_t) {
  std::vector<Binding*> of_s, of_t;
  auto collect = [&](Session& x, int end, std::vector<Binding*>& out) {
    for (base::ChannelId c : x.channels) {
      auto it = channels_.find(number_of(c));
      if (it == channels_.end()) continue;
      for (Binding& b : it->second.lanes) {
        if (b.session == &x && b.sender_end == end) out.push_back(&b);
      }
    }
  };
  collect(s, end_of_s, of_s);
  collect(t, end_of_t, of_t);
  std::vector<base::ChannelId> changed(s.channels);
  changed.insert(changed.end(), t.channels.begin(), t.channels.end());
  for (Binding* b : of_s) *b = {&t, end_of_t};
  for (Binding* b : of_t) *b = {&s, end_of_s};
  for (base::ChannelId c : changed) {
    recount_channels(s, c);
    recount_channels(t, c);
  }
}

Session* SessionTable::by_key(std::string_view key) const {
  auto it = keys_.find(std::string(key));
  return it == keys_.end() ? nullptr : it->second;
}

void SessionTable::set_key(std::string key, Session& s) {
  auto [it, fresh] = keys_.try_emplace(key, &s);
  if (!fresh) {
    if (it->second == &s) return;
    std::erase(it->second->keys, key);
    it->second = &s;
  }
  s.keys.push_back(std::move(key));
}

void SessionTable::drop_key(std::string_view key, Session& s) {
  auto it = keys_.find(std::string(key));
  if (it == keys_.end() || it->second != &s) return;
  keys_.erase(it);
  std::erase(s.keys, key);
}

const std::vector<Session*>& SessionTable::of_process(base::ProcessKey p) const {
  static const std::vector<Session*> kNone;
  if (!p.known()) return kNone;
  auto it = processes_.find(p);
  return it == processes_.end() ? kNone : it->second;
}

void SessionTable::index_process(base::ProcessKey p, Session& s) {
  if (!p.known() || s.http) return;
  auto& list = processes_[p];
  if (std::find(list.begin(), list.end(), &s) == list.end()) list.push_back(&s);
}

void SessionTable::unindex_process(base::ProcessKey p, Session& s) {
  auto it = processes_.find(p);
  if (it == processes_.end()) return;
  std::erase(it->second, &s);
  if (it->second.empty()) processes_.erase(it);
}

void SessionTable::set_end(Session& s, int end, const Peer& p) {
  Peer& mine = s.end[static_cast<std::size_t>(end)];
  base::ProcessKey before = mine.process;
  mine = p;
  if (before == p.process) return;
  if (before.known() && s.end[static_cast<std::size_t>(1 - end)].process != before) unindex_process(before, s);
  index_process(p.process, s);
}

}  // namespace mcpvigil::session
