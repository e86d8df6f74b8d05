// SPDX-License-Identifier: Apache-2.0
#include "probe/process_table.h"

#include <cstring>

#include "probe/proc_facts.h"

namespace mcpvigil::probe {

ProcessTable::Entry& ProcessTable::entry(const base::ProcessKey& k) {
  Entry& e = entries_[k];
  e.key = k;
  return e;
}

void ProcessTable::on_record(const mv_process& p, std::string_view argv, std::vector<event::Event>& out) {
  const base::Timestamp ts{p.h.ts + offset_};
  const base::ProcessKey k = key(p.process);
  Entry& e = entry(k);
  if (p.h.type == MV_EV_EXIT) {
    if (const auto it = alive_.find(k.pid); it != alive_.end() && it->second == k) alive_.erase(it);
    if (e.told) out.emplace_back(event::ProcessExit{ts, k});
    if (!e.ended) {
      e.ended = true;
      ended_.push_back(k);
    }
    while (ended_.size() > kEndedKept) {
      entries_.erase(ended_.front());
      ended_.pop_front();
    }
    return;
  }
  alive_[k.pid] = k;
  e.parent = key(p.parent);
  e.uid = p.uid;
  e.comm.assign(p.comm, strnlen(p.comm, sizeof p.comm));
  if (p.h.type == MV_EV_FORK) {
    const auto parent = entries_.find(e.parent);
    if (parent == entries_.end()) return;
    e.argv = parent->second.argv;
    if (parent->second.told) out.emplace_back(event::ProcessFork{ts, e.parent, k});
  } else if (p.h.type == MV_EV_EXEC) {
    e.argv = argv;
    if (e.told) {  // same process, another program: say who it is now
      out.emplace_back(event::ProcessExec{ts, k, e.parent});
      e.told = false;
      tell(e, ts, out, 0);
    }
  }
}

void ProcessTable::tell(const mv_actor& a, base::Timestamp ts, std::vector<event::Event>& out) {
  if (a.tgid == 0) return;
  const base::ProcessKey k = key(a);
  const auto it = entries_.find(k);
  if (it != entries_.end() && it->second.told) return;
  tell(entry(k), ts, out, 0);
}

base::ProcessKey ProcessTable::tell_pid(std::uint32_t pid, base::Timestamp ts, std::vector<event::Event>& out) {
  const auto it = alive_.find(pid);
  if (it == alive_.end()) return {pid, 0};
  tell(entry(it->second), ts, out, 0);
  return it->second;
}

void ProcessTable::tell(Entry& e, base::Timestamp ts, std::vector<event::Event>& out, int depth) {
  if (e.told) return;
  e.told = true;
  event::ProcessFacts f;
  f.ts = ts;
  f.process = e.key;
  f.parent = e.parent;
  f.uid = e.uid;
  f.comm = e.comm;
  if (e.ended || !read_proc_facts(e.key.pid, f)) f.user = user_name(e.uid);
  if (f.argv.empty() && !e.argv.empty()) f.argv = split_argv(e.argv);
  if (f.exe.empty() && !f.argv.empty() && f.argv.front().starts_with('/')) f.exe = f.argv.front();
  if (depth < kAncestors && e.parent.pid > 1) {
    const auto parent = entries_.find(e.parent);
    if (parent != entries_.end()) tell(parent->second, ts, out, depth + 1);
  }
  out.emplace_back(std::move(f));
}

}  // namespace mcpvigil::probe
