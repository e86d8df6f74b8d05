// SPDX-License-Identifier: Apache-2.0
#include "session/inventory.h"

#include <algorithm>

#include "session/inventory_store.h"

namespace mcpvigil::session {
namespace {

constexpr std::uint64_t kWriteEveryNs = 1'000'000'000;
// What one host can have met; beyond, new ones are counted and not remembered (a server can invent names for ever).
constexpr std::size_t kMaxServers = 16384, kMaxTools = 262144, kMaxAgents = 16384, kMaxUsers = 65536;
constexpr std::size_t kMaxBufferedRows = 10000;
constexpr std::size_t kMaxName = 1024, kMaxDefinition = 1U << 20;

std::string bounded(std::string_view s, std::size_t n = kMaxName) { return std::string(s.substr(0, n)); }

std::string agent_key(std::string_view exe, std::string_view name) {
  std::string k(exe);
  k.push_back('\n');
  k.append(name);
  return k;
}

}  // namespace

Inventory::Inventory(std::unique_ptr<InventoryStore> store) : store_(std::move(store)) {}
Inventory::~Inventory() {
  if (auto done = flush(); !done) ++failed_writes_;  // nobody is left to tell
}

base::Result<std::unique_ptr<Inventory>> Inventory::open(const std::string& path) {
  TRY_ASSIGN(auto store, InventoryStore::open(path));
  std::unique_ptr<Inventory> out(new Inventory(std::move(store)));
  TRY(out->load());
  return out;
}

base::Status Inventory::load() {
  TRY_ASSIGN(auto servers, store_->servers());
  for (ServerRow& r : servers) servers_[r.id].row = r;
  TRY_ASSIGN(auto tools, store_->tools(false));
  for (ToolRow& r : tools) {
    auto at = servers_.find(r.server_id);
    if (at == servers_.end()) continue;
    at->second.tools[r.name].row = r;
    ++tool_count_;
  }
  TRY_ASSIGN(auto agents, store_->agents());
  for (AgentRow& r : agents) agents_[agent_key(r.exe, r.name)].row = r;
  TRY_ASSIGN(auto users, store_->users());
  for (UserRow& r : users) users_[r.uid].row = r;
  return {};
}

void Inventory::mark(Server& s) {
  if (!s.dirty) dirty_servers_.push_back(&s);
  s.dirty = true;
}
void Inventory::mark(Tool& t) {
  if (!t.dirty) dirty_tools_.push_back(&t);
  t.dirty = true;
}
void Inventory::mark(Agent& a) {
  if (!a.dirty) dirty_agents_.push_back(&a);
  a.dirty = true;
}

Inventory::Sight Inventory::see_server(const ServerIdentity& s, std::string_view claimed_name,
                                       std::string_view claimed_version, base::Timestamp ts) {
  if (s.id.empty()) return Sight::kKnown;
  auto it = servers_.find(s.id);
  if (it == servers_.end()) {
    if (servers_.size() >= kMaxServers) {
      ++dropped_;
      return Sight::kKnown;
    }
    Server& fresh = servers_[s.id];
    fresh.row = {s.id,
                 s.kind,
                 bounded(s.exe, 4096),
                 bounded(s.target, 4096),
                 bounded(s.version),
                 bounded(claimed_name),
                 bounded(claimed_version),
                 ts.ns,
                 ts.ns,
                 "unknown",
                 {},
                 {},
                 0,
                 0};
    fresh.this_run = true;
    mark(fresh);
    return Sight::kNew;
  }
  Server& known = it->second;
  known.row.last_seen = std::max(known.row.last_seen, ts.ns);
  if (!s.version.empty()) known.row.version = bounded(s.version);
  if (!claimed_name.empty()) known.row.claimed_name = bounded(claimed_name);
  if (!claimed_version.empty()) known.row.claimed_version = bounded(claimed_version);
  mark(known);
  if (known.this_run) return Sight::kKnown;
  known.this_run = true;
  return Sight::kFirstThisRun;
}

Inventory::Tool* Inventory::find_tool(std::string_view server_id, std::string_view tool) {
  auto s = servers_.find(std::string(server_id));
  if (s == servers_.end()) return nullptr;
  auto t = s->second.tools.find(bounded(tool));
  return t == s->second.tools.end() ? nullptr : &t->second;
}

Inventory::ToolSight Inventory::see_tool(std::string_view server_id, const mcp::ToolDefinition& d, base::Timestamp ts) {
  auto s = servers_.find(std::string(server_id));
  if (s == servers_.end()) return {};
  Tool* t = find_tool(server_id, d.name);
  if (t == nullptr) {
    if (tool_count_ >= kMaxTools) {
      ++dropped_;
      return {};
    }
    ++tool_count_;
    t = &s->second.tools[bounded(d.name)];
    t->row.server_id = server_id;
    t->row.name = bounded(d.name);
    t->row.first_seen = ts.ns;
  }
  ToolSight out;
  // A tool that was called before its definition was ever listed has no hash yet.
  out.kind = t->row.definition_hash.empty()                ? ToolSight::Kind::kNew
             : t->row.definition_hash != d.definition_hash ? ToolSight::Kind::kChanged
                                                           : ToolSight::Kind::kKnown;
  if (out.kind != ToolSight::Kind::kKnown) {
    out.previous_hash = t->row.definition_hash;
    t->row.definition_hash = d.definition_hash;
    t->row.definition = bounded(d.canonical, kMaxDefinition);
    if (changes_.size() == kMaxBufferedRows) {
      changes_.pop_front();
      ++dropped_;
    }
    changes_.push_back(
        {std::string(server_id), t->row.name, d.definition_hash, out.previous_hash, t->row.definition, ts.ns});
  }
  t->row.last_seen = std::max(t->row.last_seen, ts.ns);
  t->row.present = true;
  mark(*t);
  return out;
}

std::vector<std::string> Inventory::end_of_list(std::string_view server_id,
                                                const std::set<std::string, std::less<>>& listed, base::Timestamp ts) {
  std::vector<std::string> gone;
  auto s = servers_.find(std::string(server_id));
  if (s == servers_.end()) return gone;
  for (auto& [name, tool] : s->second.tools) {
    if (!tool.row.present || tool.row.definition_hash.empty() || tool.row.last_seen > ts.ns || listed.contains(name))
      continue;
    tool.row.present = false;
    gone.push_back(name);
  }
  std::sort(gone.begin(), gone.end());  // the map's order is nobody's business
  for (const std::string& name : gone) mark(s->second.tools[name]);
  return gone;
}

void Inventory::use_tool(std::string_view server_id, std::string_view tool, base::Timestamp ts) {
  Tool* t = find_tool(server_id, tool);
  if (t == nullptr) {
    auto s = servers_.find(std::string(server_id));
    if (s == servers_.end()) return;
    if (tool_count_ >= kMaxTools) {
      ++dropped_;
      return;
    }
    ++tool_count_;
    t = &s->second.tools[bounded(tool)];
    t->row.server_id = server_id;
    t->row.name = bounded(tool);
    t->row.first_seen = ts.ns;
    t->row.present = false;  // not in any list we saw
  }
  ++t->row.calls;
  t->row.last_used = std::max(t->row.last_used, ts.ns);
  mark(*t);
}

bool Inventory::see_agent(std::string_view exe, std::string_view name, std::string_view version, base::Timestamp ts) {
  auto it = agents_.find(agent_key(exe, name));
  bool fresh = it == agents_.end();
  if (fresh) {
    if (agents_.size() >= kMaxAgents) {
      ++dropped_;
      return false;
    }
    it = agents_.try_emplace(agent_key(exe, name)).first;
    it->second.row = {std::string(exe), std::string(name), {}, ts.ns, ts.ns, 0};
  }
  Agent& a = it->second;
  a.row.last_seen = std::max(a.row.last_seen, ts.ns);
  if (!version.empty()) a.row.version = bounded(version);
  mark(a);
  return fresh;
}

void Inventory::count_agent_call(std::string_view exe, std::string_view name, base::Timestamp ts) {
  auto it = agents_.find(agent_key(exe, name));
  if (it == agents_.end()) return;
  ++it->second.row.calls;
  it->second.row.last_seen = std::max(it->second.row.last_seen, ts.ns);
  mark(it->second);
}

void Inventory::see_user(std::uint32_t uid, std::string_view user, base::Timestamp ts, bool call) {
  if (users_.size() >= kMaxUsers && !users_.contains(uid)) {
    ++dropped_;
    return;
  }
  User& u = users_[uid];
  if (u.row.first_seen == 0) u.row = {uid, {}, ts.ns, ts.ns, 0};
  if (!user.empty()) u.row.user = bounded(user);
  u.row.last_seen = std::max(u.row.last_seen, ts.ns);
  if (call) ++u.row.calls;
  if (!u.dirty) dirty_users_.push_back(&u);
  u.dirty = true;
}

void Inventory::see_session(SessionRow row) {
  // The same session's newer row replaces the one that waits.
  for (auto it = session_rows_.rbegin(); it != session_rows_.rend() && it - session_rows_.rbegin() < 16; ++it) {
    if (it->opened == row.opened && it->id == row.id) {
      *it = std::move(row);
      return;
    }
  }
  if (session_rows_.size() == kMaxBufferedRows) {
    session_rows_.pop_front();
    ++dropped_;
  }
  session_rows_.push_back(std::move(row));
}

std::string Inventory::claimed_name(std::string_view server_id) const {
  auto it = servers_.find(std::string(server_id));
  return it == servers_.end() ? std::string() : it->second.row.claimed_name;
}

std::string Inventory::tool_hash(std::string_view server_id, std::string_view tool) const {
  auto s = servers_.find(std::string(server_id));
  if (s == servers_.end()) return {};
  auto t = s->second.tools.find(std::string(tool));
  return t == s->second.tools.end() ? std::string() : t->second.row.definition_hash;
}

void Inventory::tick(base::Timestamp now) {
  if (now.ns < last_write_.ns + kWriteEveryNs) return;
  last_write_ = now;  // also after a failure: tried again in a second, not at every message
  if (auto done = flush(); !done) ++failed_writes_;
}

base::Status Inventory::flush() {
  if (dirty_servers_.empty() && dirty_tools_.empty() && dirty_agents_.empty() && dirty_users_.empty() &&
      changes_.empty() && session_rows_.empty()) {
    return {};
  }
  TRY(store_->begin());
  if (auto done = write_all(); !done) {
    store_->rollback();
    return done;
  }
  if (auto done = store_->commit(); !done) {
    store_->rollback();
    return done;
  }
  for (Server* s : dirty_servers_) s->dirty = false;
  for (Tool* t : dirty_tools_) {
    t->dirty = false;
    t->row.definition = {};  // on disk now; memory keeps the hash
  }
  for (Agent* a : dirty_agents_) a->dirty = false;
  for (User* u : dirty_users_) u->dirty = false;
  dirty_servers_.clear();
  dirty_tools_.clear();
  dirty_agents_.clear();
  dirty_users_.clear();
  changes_.clear();
  session_rows_.clear();
  return {};
}

base::Status Inventory::write_all() {
  for (const Server* s : dirty_servers_) TRY(store_->put(s->row));
  for (const Tool* t : dirty_tools_) TRY(store_->put(t->row));
  for (const ToolChangeRow& c : changes_) TRY(store_->put(c));
  for (const Agent* a : dirty_agents_) TRY(store_->put(a->row));
  for (const User* u : dirty_users_) TRY(store_->put(u->row));
  for (const SessionRow& r : session_rows_) TRY(store_->put(r));
  if (!session_rows_.empty()) TRY(store_->trim_sessions());
  return {};
}

base::Result<std::vector<ServerRow>> Inventory::servers() {
  TRY(flush());
  return store_->servers();
}
base::Result<std::vector<ToolRow>> Inventory::tools() {
  TRY(flush());
  return store_->tools(true);
}
base::Result<std::vector<ToolChangeRow>> Inventory::tool_changes() {
  TRY(flush());
  return store_->tool_changes();
}
base::Result<std::vector<AgentRow>> Inventory::agents() {
  TRY(flush());
  return store_->agents();
}
base::Result<std::vector<UserRow>> Inventory::users() {
  TRY(flush());
  return store_->users();
}
base::Result<std::vector<SessionRow>> Inventory::sessions() {
  TRY(flush());
  return store_->sessions();
}

}  // namespace mcpvigil::session
