// SPDX-License-Identifier: Apache-2.0
#include "session/party_table.h"

namespace mcpvigil::session {
namespace {
constexpr std::size_t kMaxAncestors = 8;  // npx -> sh -> node is three; a deeper chain says nothing about the server
}

PartyTable::Entry& PartyTable::entry(base::ProcessKey p) {
  auto [it, fresh] = entries_.try_emplace(p);
  if (fresh) {
    it->second.age = ages_.insert(ages_.end(), p);
    trim();
  }
  return it->second;
}

void PartyTable::trim() {
  // The entry just made is at the back: it goes only when everything else is pinned.
  while (entries_.size() > capacity_ && ages_.size() > 1) {
    entries_.erase(ages_.front());
    ages_.pop_front();
  }
}

void PartyTable::on_facts(const event::ProcessFacts& f) {
  Entry& e = entry(f.process);
  e.facts = std::make_shared<const event::ProcessFacts>(f);
  if (f.parent.known()) e.parent = f.parent;
  e.exited = false;
  if (e.pins == 0) ages_.splice(ages_.end(), ages_, e.age);
}

void PartyTable::on_fork(const event::ProcessFork& f) {
  Facts inherited = facts(f.parent);
  Entry& e = entry(f.child);
  e.parent = f.parent;
  if (!e.facts) e.facts = std::move(inherited);
}

bool PartyTable::on_exit(base::ProcessKey p) {
  auto it = entries_.find(p);
  if (it == entries_.end()) return false;
  Entry& e = it->second;
  e.exited = true;
  if (e.pins == 0) ages_.splice(ages_.begin(), ages_, e.age);
  bool was = e.announced;
  e.announced = false;
  return was;
}

Facts PartyTable::facts(base::ProcessKey p) const {
  auto it = entries_.find(p);
  return it == entries_.end() ? nullptr : it->second.facts;
}

std::vector<Facts> PartyTable::ancestors(base::ProcessKey p, base::ProcessKey stop) const {
  std::vector<Facts> out;
  for (std::size_t i = 0; i < kMaxAncestors; ++i) {
    auto it = entries_.find(p);
    if (it == entries_.end() || !it->second.parent.known() || it->second.parent == stop) break;
    p = it->second.parent;
    Facts f = facts(p);
    if (!f) break;
    out.push_back(std::move(f));
  }
  return out;
}

void PartyTable::pin(base::ProcessKey p) {
  if (!p.known()) return;
  Entry& e = entry(p);
  if (e.pins++ == 0) ages_.erase(e.age);
}

void PartyTable::unpin(base::ProcessKey p) {
  auto it = entries_.find(p);
  if (it == entries_.end() || it->second.pins == 0) return;
  Entry& e = it->second;
  if (--e.pins == 0) {
    e.age = ages_.insert(e.exited ? ages_.begin() : ages_.end(), p);
    trim();
  }
}

bool PartyTable::announce(base::ProcessKey p) {
  if (!p.known()) return false;
  Entry& e = entry(p);
  if (e.announced || e.exited) return false;
  return e.announced = true;
}

bool PartyTable::note(base::ProcessKey p, event::BlindSpot what) {
  Entry& e = entry(p);
  std::uint32_t bit = 1U << static_cast<unsigned>(what);
  bool fresh = (e.blind_spots & bit) == 0;
  e.blind_spots |= bit;
  return fresh;
}

bool PartyTable::has_blind_spot(base::ProcessKey p) const {
  auto it = entries_.find(p);
  return it != entries_.end() && it->second.blind_spots != 0;
}

}  // namespace mcpvigil::session
