// SPDX-License-Identifier: Apache-2.0
#include "session/pending.h"

#include <bit>
#include <functional>
#include <iterator>

#include "session/session_table.h"

namespace mcpvigil::session {

jsonrpc::Id bounded_id(const jsonrpc::Id& id) {
  if (id.text.size() <= kMaxId) return id;
  jsonrpc::Id out;
  out.type = jsonrpc::Id::Type::kString;
  out.text = "sha256:" + hex(sha256(id.text), 32);
  return out;
}

std::size_t PendingTable::KeyHash::operator()(const Key& k) const noexcept {
  std::uint64_t h = k.session * 2 + static_cast<std::uint64_t>(k.from_end);
  h = mix(h ^ (static_cast<std::uint64_t>(k.id.type) << 56) ^ static_cast<std::uint64_t>(k.id.integer));
  if (k.id.type == jsonrpc::Id::Type::kReal) h = mix(h ^ std::bit_cast<std::uint64_t>(k.id.real));
  if (k.id.type == jsonrpc::Id::Type::kString) h = mix(h ^ std::hash<std::string>{}(k.id.text));
  return static_cast<std::size_t>(h);
}

Pending& PendingTable::add(Session& s, Pending p) {
  p.session = &s;
  p.number = next_++;
  s.pending.push_back(std::move(p));
  Pending& added = s.pending.back();
  added.self = std::prev(s.pending.end());
  added.age = ages_.insert(ages_.end(), &added);
  index_.emplace(Key{s.number, added.from_end, added.id}, &added);
  return added;
}

void PendingTable::erase(Pending& p) {
  Session& s = *p.session;
  auto [it, end] = index_.equal_range(Key{s.number, p.from_end, p.id});
  for (; it != end; ++it) {
    if (it->second == &p) {
      index_.erase(it);
      break;
    }
  }
  ages_.erase(p.age);
  s.pending.erase(p.self);
}

namespace {
// The unsettled before the settled, then the older.
bool better(const Pending& x, const Pending* y) {
  if (y == nullptr) return true;
  if (x.settled != y->settled) return !x.settled;
  return x.number < y->number;
}
}  // namespace

Pending* PendingTable::find(const Session& s, int from_end, const jsonrpc::Id& id) const {
  Pending* best = nullptr;
  auto [it, end] = index_.equal_range(Key{s.number, from_end, bounded_id(id)});
  for (; it != end; ++it) {
    if (better(*it->second, best)) best = it->second;
  }
  return best;
}

Pending* PendingTable::find(const Session& s, int from_end, const jsonrpc::Id& id, base::ChannelId channel,
                            std::uint64_t exchange) const {
  Pending* best = nullptr;
  auto [it, end] = index_.equal_range(Key{s.number, from_end, bounded_id(id)});
  for (; it != end; ++it) {
    const Pending& p = *it->second;
    if (p.channel == channel && p.exchange == exchange && better(p, best)) best = it->second;
  }
  return best;
}

}  // namespace mcpvigil::session
