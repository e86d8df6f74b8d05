// SPDX-License-Identifier: Apache-2.0
// Inventory: the servers, tools, agents, users and sessions ever met, kept over restarts in SQLite.
//
// What is asked while messages flow is answered from memory; changes are buffered and written by tick(), one
// transaction at most a second of event time. A full disk or a locked file never blocks or throws: the write is
// counted, what changed stays buffered (bounded) and is tried again. Columns of the approval stage (state, owner, risk,
// tier, expiry) are made here and never written here. One thread.
//
//   TRY_ASSIGN(auto inventory, Inventory::open("/var/lib/mcpvigil/inventory.db"));   // or ":memory:"
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "mcp/operation.h"
#include "session/inventory_rows.h"
#include "session/server_identity.h"

namespace mcpvigil::session {

class InventoryStore;

class Inventory {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<Inventory>> open(const std::string& path);
  ~Inventory();

  enum class Sight { kNew, kFirstThisRun, kKnown };
  Sight see_server(const ServerIdentity& s, std::string_view claimed_name, std::string_view claimed_version,
                   base::Timestamp ts);
  struct ToolSight {
    enum class Kind { kNew, kKnown, kChanged } kind = Kind::kKnown;
    std::string previous_hash;
  };
  ToolSight see_tool(std::string_view server_id, const mcp::ToolDefinition& t, base::Timestamp ts);
  // A complete list was seen: the tools that are no longer in it, by name. They stay in the table, marked absent.
  std::vector<std::string> end_of_list(std::string_view server_id, const std::set<std::string, std::less<>>& listed,
                                       base::Timestamp ts);
  void use_tool(std::string_view server_id, std::string_view tool, base::Timestamp ts);
  // True the first time ever.
  bool see_agent(std::string_view exe, std::string_view name, std::string_view version, base::Timestamp ts);
  void count_agent_call(std::string_view exe, std::string_view name, base::Timestamp ts);
  void see_user(std::uint32_t uid, std::string_view user, base::Timestamp ts, bool call);
  void see_session(SessionRow row);
  // Last name and version the server claimed; "" when none.
  [[nodiscard]] std::string claimed_name(std::string_view server_id) const;
  [[nodiscard]] std::string tool_hash(std::string_view server_id, std::string_view tool) const;

  void tick(base::Timestamp now);
  // Writes what is buffered. An error leaves it buffered.
  base::Status flush();

  // What is stored, after a flush. Ordered: servers and agents by first sight, tools by server and name, sessions and
  // changes newest first.
  [[nodiscard]] base::Result<std::vector<ServerRow>> servers();
  [[nodiscard]] base::Result<std::vector<ToolRow>> tools();
  [[nodiscard]] base::Result<std::vector<ToolChangeRow>> tool_changes();
  [[nodiscard]] base::Result<std::vector<AgentRow>> agents();
  [[nodiscard]] base::Result<std::vector<UserRow>> users();
  [[nodiscard]] base::Result<std::vector<SessionRow>> sessions();

  [[nodiscard]] std::uint64_t failed_writes() const { return failed_writes_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // rows there was no room to remember

 private:
  explicit Inventory(std::unique_ptr<InventoryStore> store);
  struct Tool {
    ToolRow row;
    bool dirty = false;
  };
  struct Server {
    ServerRow row;
    bool dirty = false;
    bool this_run = false;
    std::unordered_map<std::string, Tool> tools;
  };
  struct Agent {
    AgentRow row;
    bool dirty = false;
  };
  struct User {
    UserRow row;
    bool dirty = false;
  };
  base::Status load();
  base::Status write_all();
  Tool* find_tool(std::string_view server_id, std::string_view tool);
  void mark(Server& s);
  void mark(Tool& t);
  void mark(Agent& a);

  std::unique_ptr<InventoryStore> store_;
  std::unordered_map<std::string, Server> servers_;
  std::unordered_map<std::string, Agent> agents_;
  std::unordered_map<std::uint32_t, User> users_;
  std::size_t tool_count_ = 0;
  // Changed since the last write, in the order they changed.
  std::vector<Server*> dirty_servers_;
  std::vector<Tool*> dirty_tools_;
  std::vector<Agent*> dirty_agents_;
  std::vector<User*> dirty_users_;
  std::deque<ToolChangeRow> changes_;
  std::deque<SessionRow> session_rows_;
  base::Timestamp last_write_;
  std::uint64_t failed_writes_ = 0, dropped_ = 0;
};

}  // namespace mcpvigil::session
