// SPDX-License-Identifier: Apache-2.0
// ProcessTable: the processes of the host as the records name them, and which of them the pipeline has been told
// about. Facts are read (procfs) and sent only for processes that move bytes worth a look, and for their ancestors:
// a host's other processes cost nothing here.
//
// One thread. Bounded: an ended process is kept until kEndedKept more have ended.
#pragma once
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "mcpvigil/wire/event.h"

namespace mcpvigil::probe {

class ProcessTable {
 public:
  // boot_to_wall: nanoseconds to add to CLOCK_BOOTTIME.
  explicit ProcessTable(std::uint64_t boot_to_wall) : offset_(boot_to_wall) {}

  [[nodiscard]] base::ProcessKey key(const mv_actor& a) const { return {a.tgid, a.start == 0 ? 0 : a.start + offset_}; }
  // A record about a process: remembers it; appends events for the pipeline when it knows the process already.
  void on_record(const mv_process& p, std::string_view argv, std::vector<event::Event>& out);
  // Appends ProcessFacts of this process and of its ancestors unless they were sent.
  void tell(const mv_actor& a, base::Timestamp ts, std::vector<event::Event>& out);
  // The same for the process that has this pid now; its key, with start 0 when it is not known.
  base::ProcessKey tell_pid(std::uint32_t pid, base::Timestamp ts, std::vector<event::Event>& out);

 private:
  static constexpr std::size_t kEndedKept = 4096;
  static constexpr int kAncestors = 8;
  struct Entry {
    base::ProcessKey key, parent;
    std::uint32_t uid = 0;
    std::string comm, argv;  // argv as the exec record brought it, NUL separated
    bool told = false, ended = false;
  };
  Entry& entry(const base::ProcessKey& k);
  void tell(Entry& e, base::Timestamp ts, std::vector<event::Event>& out, int depth);

  std::uint64_t offset_;
  std::unordered_map<base::ProcessKey, Entry> entries_;
  std::unordered_map<std::uint32_t, base::ProcessKey> alive_;  // by pid
  std::deque<base::ProcessKey> ended_;
};

}  // namespace mcpvigil::probe
