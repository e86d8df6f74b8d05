// SPDX-License-Identifier: Apache-2.0
// What the inventory learns from a message, and what is worth a record of its own.
#include "session/sessions_state.h"

namespace mcpvigil::session {

void Sessions::State::feed_parties(Session& s, const MessageRecord& r) {
  if (inventory == nullptr) return;
  // Parties change rarely: only the first messages and new claims get past this.
  std::string key = s.server.id;
  for (const std::string* part : {&s.server_name, &s.server_version, &s.client_name, &s.client_version}) {
    key.push_back('\n');
    key += *part;
  }
  if (r.client.facts != nullptr) key += r.client.facts->exe;
  if (key == s.agent_key) return;
  s.agent_key = std::move(key);

  auto record = [&](std::string_view what, const PartyView& party) {
    InventoryRecord i;
    i.ts = r.ts;
    i.what = what;
    i.server_id = s.server.id;
    i.server_name = s.server_name;
    i.party = party;
    out.on_record(i);
  };
  if (!s.server.id.empty()) {
    std::string before = inventory->claimed_name(s.server.id);
    switch (inventory->see_server(s.server, s.server_name, s.server_version, r.ts)) {
      case Inventory::Sight::kNew: record("server_new", r.server); break;
      case Inventory::Sight::kFirstThisRun: record("server_seen", r.server); break;
      case Inventory::Sight::kKnown: break;
    }
    if (!before.empty() && !s.server_name.empty() && before != s.server_name) {
      finding(s, r.ts, "claim_changed", "medium", "inventory" + s.server_name,
              "the server known as \"" + before + "\" now calls itself \"" + s.server_name + "\"", r.correlation_id);
    }
  }
  if (const event::ProcessFacts* f = r.client.facts) {
    inventory->see_user(f->uid, f->user, r.ts, false);
    if (inventory->see_agent(f->exe, s.client_name, s.client_version, r.ts)) record("agent_new", r.client);
  }
  feed_session(s, false);
}

void Sessions::State::feed_tools(Session& s, const Pending* request, const Observed& o) {
  const mcp::Operation& op = *o.operation;
  if (inventory == nullptr || !op.tools || s.server.id.empty()) return;
  if (request != nullptr && request->method != "tools/list") return;
  if (request == nullptr || request->first_page) {
    s.listed.clear();
    s.listing = request != nullptr;  // only a list seen from its first page says what is missing
  }
  auto record = [&](std::string_view what, std::string_view tool, std::string_view hash, std::string_view previous) {
    InventoryRecord i;
    i.ts = o.first;
    i.what = what;
    i.server_id = s.server.id;
    i.server_name = s.server_name;
    i.tool = tool;
    i.definition_hash = hash;
    i.previous_hash = previous;
    i.party = view(s, s.server_peer(), false);
    out.on_record(i);
  };
  for (const mcp::ToolDefinition& t : mcp::tool_definitions(*op.tools)) {
    if (s.listing) s.listed.emplace(t.name.substr(0, 1024));
    Inventory::ToolSight sight = inventory->see_tool(s.server.id, t, o.first);
    if (sight.kind == Inventory::ToolSight::Kind::kNew) record("tool_new", t.name, t.definition_hash, {});
    if (sight.kind == Inventory::ToolSight::Kind::kChanged) {
      record("tool_changed", t.name, t.definition_hash, sight.previous_hash);
    }
  }
  if (op.has_next_cursor || !s.listing) return;
  for (const std::string& gone : inventory->end_of_list(s.server.id, s.listed, o.first)) {
    std::string hash = inventory->tool_hash(s.server.id, gone);
    record("tool_removed", gone, {}, hash);
  }
  s.listed.clear();
  s.listing = false;
}

void Sessions::State::feed_call(Session& s, const Pending& p, base::Timestamp ts) {
  if (inventory == nullptr || p.tool.empty()) return;
  inventory->use_tool(s.server.id, p.tool, ts);
  if (Facts f = parties.facts(s.client().process)) {
    inventory->see_user(f->uid, f->user, ts, true);
    inventory->count_agent_call(f->exe, s.client_name, ts);
  }
}

void Sessions::State::feed_session(const Session& s, bool closed) {
  if (inventory == nullptr) return;
  SessionRow row;
  row.id = s.id;
  if (Facts f = parties.facts(s.client().process)) {
    row.client_exe = f->exe;
    row.user = f->user;
  }
  row.client_name = s.client_name;
  row.server_id = s.server.id;
  row.transport = s.http ? s.scheme : "stdio";
  row.era = mcp::name(s.era);
  row.protocol_version = s.protocol_version;
  row.opened = s.opened.ns;
  row.closed = closed ? s.last.ns : 0;
  row.messages = s.messages;
  row.calls = s.calls;
  inventory->see_session(std::move(row));
}

}  // namespace mcpvigil::session
