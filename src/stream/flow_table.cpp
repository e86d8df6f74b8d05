// SPDX-License-Identifier: Apache-2.0
#include "stream/flow_table.h"

#include <initializer_list>
#include <string_view>
#include <utility>

namespace mcpvigil::stream {
namespace {

constexpr int kMaxSameName = 16;  // names are unique but for reuse; a hostile recording must not make look-ups slow

std::uint64_t mix(std::initializer_list<std::string_view> parts, std::uint64_t seed) {
  std::uint64_t h = seed * 0x9E3779B97F4A7C15ULL + 1;
  for (const std::string_view p : parts) h = (h ^ std::hash<std::string_view>{}(p)) * 0xBF58476D1CE4E5B9ULL + p.size();
  return h == 0 ? 1 : h;
}

std::uint64_t tuple_name(std::uint32_t netns, const event::Address& x, const event::Address& y) {
  std::string text;
  for (const event::Address* a : {&x, &y}) {
    text.append(reinterpret_cast<const char*>(a->ip.data()), a->ip.size());
    text += static_cast<char>(a->family);
    text += static_cast<char>(a->port >> 8);
    text += static_cast<char>(a->port & 0xFF);
  }
  return mix({text}, netns);
}

std::uint64_t inode_name(std::uint64_t inode) { return inode == 0 ? 0 : mix({}, inode * 2 + 1); }

// The names say so; the facts decide.
bool are_two_ends(const Flow& f, const Flow& g) {
  const event::FlowOpen &x = f.facts, &y = g.facts;
  // A closed flow still counts while its link waits for a late reader; one that has its partner does not.
  if (&f == &g || (g.link->flow[0] != nullptr && g.link->flow[1] != nullptr)) return false;
  if (is_unix(x.kind) && is_unix(y.kind)) {
    const bool x_names_y = x.peer_inode != 0 && x.peer_inode == y.inode;
    const bool y_names_x = y.peer_inode != 0 && y.peer_inode == x.inode;
    return (x_names_y && (y_names_x || y.peer_inode == 0)) || (y_names_x && x.peer_inode == 0);
  }
  if (x.kind != y.kind) return false;
  if (x.kind == event::FlowKind::kTcp) {
    return x.local.family != 0 && x.netns == y.netns && x.local == y.remote && x.remote == y.local;
  }
  return x.kind == event::FlowKind::kPty && !f.path.empty() && f.path == g.path;
}

template <typename Map>
void remove(Map& map, std::uint64_t name, const Flow* f) {
  const auto [from, to] = map.equal_range(name);
  for (auto it = from; it != to; ++it) {
    if (it->second == f) {
      map.erase(it);
      return;
    }
  }
}

template <typename Map>
Flow* search(const Map& map, std::uint64_t name, const Flow& f) {
  if (name == 0) return nullptr;
  int looked = 0;
  const auto [from, to] = map.equal_range(name);
  for (auto it = from; it != to && looked < kMaxSameName; ++it, ++looked) {
    if (are_two_ends(f, *it->second)) return it->second;
  }
  return nullptr;
}

}  // namespace

Flow& FlowTable::insert(base::FlowId id) {
  Flow& f = flows_[static_cast<std::uint64_t>(id)];
  f.id = id;
  f.facts.flow = id;
  f.older = newest_;
  if (newest_ != nullptr) newest_->newer = &f;
  newest_ = &f;
  if (oldest_ == nullptr) oldest_ = &f;
  return f;
}

void FlowTable::erase(Flow& f) {
  unindex(f);
  unlink(f);
  if (last_ == &f) last_ = nullptr;
  const auto id = static_cast<std::uint64_t>(f.id);
  if (gone_.insert(id).second) {
    if (gone_order_.size() < kRemembered) {
      gone_order_.push_back(id);
    } else {
      gone_.erase(std::exchange(gone_order_[gone_next_], id));
      gone_next_ = (gone_next_ + 1) % kRemembered;
    }
  }
  flows_.erase(id);
}

void FlowTable::unlink(Flow& f) {
  (f.older != nullptr ? f.older->newer : oldest_) = f.newer;
  (f.newer != nullptr ? f.newer->older : newest_) = f.older;
  f.older = f.newer = nullptr;
}

void FlowTable::move_to_newest(Flow& f) {
  unlink(f);
  f.older = newest_;
  if (newest_ != nullptr) newest_->newer = &f;
  newest_ = &f;
  if (oldest_ == nullptr) oldest_ = &f;
}

void FlowTable::unindex(const Flow& f) {
  if (f.own_name != 0) remove(by_own_name_, f.own_name, &f);
  if (f.wanted_name != 0) remove(by_wanted_name_, f.wanted_name, &f);
}

void FlowTable::index(Flow& f) {
  unindex(f);
  f.own_name = f.wanted_name = 0;
  const event::FlowOpen& o = f.facts;
  if (is_unix(o.kind)) {
    f.own_name = inode_name(o.inode);
    f.wanted_name = inode_name(o.peer_inode);
  } else if (o.kind == event::FlowKind::kTcp && o.local.family != 0 && o.remote.family != 0) {
    f.own_name = tuple_name(o.netns, o.local, o.remote);
    f.wanted_name = tuple_name(o.netns, o.remote, o.local);
  } else if (o.kind == event::FlowKind::kPty && !f.path.empty()) {
    f.own_name = f.wanted_name = mix({f.path}, 3);
  }
  if (f.own_name != 0) by_own_name_.emplace(f.own_name, &f);
  if (f.wanted_name != 0) by_wanted_name_.emplace(f.wanted_name, &f);
}

Flow* FlowTable::other_end(const Flow& f) {
  if (Flow* g = search(by_own_name_, f.wanted_name, f)) return g;
  return search(by_wanted_name_, f.own_name, f);
}

}  // namespace mcpvigil::stream
