// SPDX-License-Identifier: Apache-2.0
// InventoryStore: the SQLite file under the Inventory. Rows in, rows out; knows the schema and its versions.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "session/inventory_rows.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mcpvigil::session {

class InventoryStore {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<InventoryStore>> open(const std::string& path);
  ~InventoryStore();
  InventoryStore(InventoryStore&&) = delete;

  base::Status begin();
  base::Status commit();
  void rollback();
  base::Status put(const ServerRow& r);
  base::Status put(const ToolRow& r);  // an empty definition keeps the stored one
  base::Status put(const ToolChangeRow& r);
  base::Status put(const AgentRow& r);
  base::Status put(const UserRow& r);
  base::Status put(const SessionRow& r);
  base::Status trim_sessions();  // keeps the last kKeptSessions

  base::Result<std::vector<ServerRow>> servers();
  base::Result<std::vector<ToolRow>> tools(bool with_definition);
  base::Result<std::vector<ToolChangeRow>> tool_changes();
  base::Result<std::vector<AgentRow>> agents();
  base::Result<std::vector<UserRow>> users();
  base::Result<std::vector<SessionRow>> sessions();

  static constexpr int kSchemaVersion = 1;
  static constexpr int kKeptSessions = 10000;

 private:
  enum Put { kPutServer, kPutTool, kPutChange, kPutAgent, kPutUser, kPutSession, kPutCount };
  InventoryStore(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  base::Status prepare_file();
  base::Status run(const char* sql);
  base::Result<std::int64_t> number(const char* sql);
  base::Result<sqlite3_stmt*> statement(Put which);
  base::Status finish(sqlite3_stmt* s);
  base::Error error(const char* what) const;
  template <typename Row, typename Read>
  base::Result<std::vector<Row>> select(const char* sql, Read read);

  sqlite3* db_;
  std::string path_;
  sqlite3_stmt* puts_[kPutCount] = {};
};

}  // namespace mcpvigil::session
