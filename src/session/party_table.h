// SPDX-License-Identifier: Apache-2.0
// PartyTable: what the host said about processes, for as long as somebody may ask.
//
// Bounded: the least recently heard of process is forgotten first, one that has exited before a living one; a pinned
// one (party of a live session) is never forgotten. A forked child shares its parent's facts until it has its own.
#pragma once
#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "event/event.h"

namespace mcpvigil::session {

using Facts = std::shared_ptr<const event::ProcessFacts>;

class PartyTable {
 public:
  explicit PartyTable(std::size_t capacity = 16384) : capacity_(capacity) {}

  void on_facts(const event::ProcessFacts& f);
  void on_fork(const event::ProcessFork& f);
  // True when the process had been announced as a party.
  bool on_exit(base::ProcessKey p);

  [[nodiscard]] Facts facts(base::ProcessKey p) const;
  // Facts of the parents, nearest first, at most 8; ends before `stop`.
  [[nodiscard]] std::vector<Facts> ancestors(base::ProcessKey p, base::ProcessKey stop) const;

  void pin(base::ProcessKey p);
  void unpin(base::ProcessKey p);
  // True the first time for this process.
  bool announce(base::ProcessKey p);
  // Remembers that something about the process cannot be seen. True the first time for this reason.
  bool note(base::ProcessKey p, event::BlindSpot what);
  [[nodiscard]] bool has_blind_spot(base::ProcessKey p) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Facts facts;
    base::ProcessKey parent;
    std::size_t pins = 0;
    std::uint32_t blind_spots = 0;
    bool announced = false;
    bool exited = false;
    std::list<base::ProcessKey>::iterator age;
  };
  Entry& entry(base::ProcessKey p);
  void trim();

  std::size_t capacity_;
  std::unordered_map<base::ProcessKey, Entry> entries_;
  std::list<base::ProcessKey> ages_;  // front: forgotten first; pinned ones are not in it
};

}  // namespace mcpvigil::session
