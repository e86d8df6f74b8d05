// SPDX-License-Identifier: Apache-2.0
#include "session/inventory_store.h"

#include <sqlite3.h>

#include <utility>

namespace mcpvigil::session {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kApplicationId = 0x4D435056;  // "MCPV": tells our file from anybody else's database
constexpr int kBusyMilliseconds = 20;       // a reader's moment; longer would hold up the pipeline

constexpr const char* kSchema = R"sql(
CREATE TABLE servers(id TEXT PRIMARY KEY, kind TEXT NOT NULL, exe TEXT NOT NULL, target TEXT NOT NULL,
  version TEXT NOT NULL, claimed_name TEXT NOT NULL, claimed_version TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'unknown', owner TEXT NOT NULL DEFAULT '', risk TEXT NOT NULL DEFAULT '',
  tier INTEGER NOT NULL DEFAULT 0, expiry INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE tools(server_id TEXT NOT NULL, name TEXT NOT NULL, definition_hash TEXT NOT NULL, definition TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, last_used INTEGER NOT NULL, calls INTEGER NOT NULL,
  present INTEGER NOT NULL, PRIMARY KEY(server_id, name));
CREATE TABLE tool_history(ts INTEGER NOT NULL, server_id TEXT NOT NULL, name TEXT NOT NULL,
  definition_hash TEXT NOT NULL, previous_hash TEXT NOT NULL, definition TEXT NOT NULL);
CREATE INDEX tool_history_by_tool ON tool_history(server_id, name);
CREATE TABLE agents(exe TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY(exe, name)) WITHOUT ROWID;
CREATE TABLE users(uid INTEGER PRIMARY KEY, user TEXT NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, calls INTEGER NOT NULL);
CREATE TABLE sessions(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, opened INTEGER NOT NULL,
  client_exe TEXT NOT NULL, client_name TEXT NOT NULL, user TEXT NOT NULL, server_id TEXT NOT NULL,
  transport TEXT NOT NULL, era TEXT NOT NULL, protocol_version TEXT NOT NULL, closed INTEGER NOT NULL,
  messages INTEGER NOT NULL, calls INTEGER NOT NULL, UNIQUE(opened, id));
)sql";

// first_seen of what is stored stays, and so do the columns of the approval stage.
constexpr const char* kPuts[] = {
    "INSERT INTO servers(id,kind,exe,target,version,claimed_name,claimed_version,first_seen,last_seen) "
    "VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
    "version=excluded.version,claimed_name=excluded.claimed_name,"
    "claimed_version=excluded.claimed_version,last_seen=max(last_seen,excluded.last_seen)",
    "INSERT INTO tools VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(server_id,name) DO UPDATE SET "
    "definition_hash=excluded.definition_hash,"
    "definition=CASE excluded.definition WHEN '' THEN definition ELSE excluded.definition END,"
    "last_seen=max(last_seen,excluded.last_seen),last_used=max(last_used,excluded.last_used),calls=excluded.calls,"
    "present=excluded.present",
    "INSERT INTO tool_history VALUES(?,?,?,?,?,?)",
    "INSERT INTO agents VALUES(?,?,?,?,?,?) ON CONFLICT(exe,name) DO UPDATE SET version=excluded.version,"
    "last_seen=max(last_seen,excluded.last_seen),calls=excluded.calls",
    "INSERT INTO users VALUES(?,?,?,?,?) ON CONFLICT(uid) DO UPDATE SET user=excluded.user,"
    "last_seen=max(last_seen,excluded.last_seen),calls=excluded.calls",
    "INSERT INTO "
    "sessions(id,opened,client_exe,client_name,user,server_id,transport,era,protocol_version,closed,messages,"
    "calls) VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(opened,id) DO UPDATE SET client_exe=excluded.client_exe,"
    "client_name=excluded.client_name,user=excluded.user,server_id=excluded.server_id,era=excluded.era,"
    "protocol_version=excluded.protocol_version,closed=excluded.closed,messages=excluded.messages,calls=excluded.calls",
};

void bind(sqlite3_stmt* s, int i, const std::string& v) {
  sqlite3_bind_text(s, i, v.data(), static_cast<int>(v.size()), SQLITE_STATIC);
}
void bind(sqlite3_stmt* s, int i, std::uint64_t v) { sqlite3_bind_int64(s, i, static_cast<sqlite3_int64>(v)); }
void bind(sqlite3_stmt* s, int i, std::uint32_t v) { sqlite3_bind_int64(s, i, v); }
void bind(sqlite3_stmt* s, int i, bool v) { sqlite3_bind_int(s, i, v ? 1 : 0); }

template <typename... Values>
void bind_all(sqlite3_stmt* s, const Values&... values) {
  int i = 0;
  (bind(s, ++i, values), ...);
}

std::string text(sqlite3_stmt* s, int column) {
  const auto* p = static_cast<const char*>(sqlite3_column_blob(s, column));
  return p == nullptr ? std::string() : std::string(p, static_cast<std::size_t>(sqlite3_column_bytes(s, column)));
}
std::uint64_t unsigned_at(sqlite3_stmt* s, int column) {
  return static_cast<std::uint64_t>(sqlite3_column_int64(s, column));
}

}  // namespace

base::Error InventoryStore::error(const char* what) const {
  int rc = sqlite3_errcode(db_);
  ErrorCode code = ErrorCode::kIo;
  if (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT) code = ErrorCode::kFormat;
  if (rc == SQLITE_PERM || rc == SQLITE_READONLY || rc == SQLITE_AUTH) code = ErrorCode::kPermission;
  return Error{code, sqlite3_system_errno(db_), "inventory " + path_ + ": " + what + ": " + sqlite3_errmsg(db_)};
}

base::Result<std::unique_ptr<InventoryStore>> InventoryStore::open(const std::string& path) {
  sqlite3* db = nullptr;
  int rc =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (db == nullptr) return Error{ErrorCode::kIo, 0, "inventory " + path + ": out of memory"};
  std::unique_ptr<InventoryStore> store(new InventoryStore(db, path));  // closes db in every case
  if (rc != SQLITE_OK) return store->error("open");
  sqlite3_busy_timeout(db, kBusyMilliseconds);
  TRY(store->prepare_file());
  return store;
}

InventoryStore::~InventoryStore() {
  for (sqlite3_stmt* s : puts_) sqlite3_finalize(s);
  sqlite3_close(db_);
}

base::Status InventoryStore::prepare_file() {
  TRY_ASSIGN(std::int64_t version, number("PRAGMA user_version"));
  TRY_ASSIGN(std::int64_t application, number("PRAGMA application_id"));
  TRY_ASSIGN(std::int64_t tables, number("SELECT count(*) FROM sqlite_master"));
  if (tables != 0 && application != kApplicationId) {
    return Error{ErrorCode::kFormat, 0, "inventory " + path_ + ": a database of another program; name another file"};
  }
  if (version > kSchemaVersion) {
    return Error{ErrorCode::kUnsupported, 0,
                 "inventory " + path_ + ": written by a newer mcpvigil (schema " + std::to_string(version) +
                     ", this one knows " + std::to_string(kSchemaVersion) + ")"};
  }
  TRY(run("PRAGMA journal_mode=WAL"));
  TRY(run("PRAGMA synchronous=NORMAL"));
  if (version == 0) {
    std::string sql = "BEGIN IMMEDIATE;";
    sql += kSchema;
    sql += "PRAGMA application_id=" + std::to_string(kApplicationId) +
           ";PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";COMMIT;";
    TRY(run(sql.c_str()));
  }
  return {};
}

base::Status InventoryStore::run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("write");
  return {};
}

base::Result<std::int64_t> InventoryStore::number(const char* sql) {
  sqlite3_stmt* s = nullptr;
  if (sqlite3_prepare_v2(db_, sql, -1, &s, nullptr) != SQLITE_OK) return error("read");
  std::int64_t value = 0;
  int rc = sqlite3_step(s);
  if (rc == SQLITE_ROW) value = sqlite3_column_int64(s, 0);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    Error e = error("read");
    sqlite3_finalize(s);
    return e;
  }
  sqlite3_finalize(s);
  return value;
}

base::Status InventoryStore::begin() { return run("BEGIN IMMEDIATE"); }
base::Status InventoryStore::commit() { return run("COMMIT"); }
void InventoryStore::rollback() { sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr); }

base::Result<sqlite3_stmt*> InventoryStore::statement(Put which) {
  sqlite3_stmt*& s = puts_[which];
  if (s == nullptr && sqlite3_prepare_v2(db_, kPuts[which], -1, &s, nullptr) != SQLITE_OK) return error("prepare");
  return s;
}

base::Status InventoryStore::finish(sqlite3_stmt* s) {
  int rc = sqlite3_step(s);
  base::Status out;
  if (rc != SQLITE_DONE) out = error("write");
  sqlite3_reset(s);
  sqlite3_clear_bindings(s);
  return out;
}

base::Status InventoryStore::put(const ServerRow& r) {
  TRY_ASSIGN(sqlite3_stmt * s, statement(kPutServer));
  bind_all(s, r.id, r.kind, r.exe, r.target, r.version, r.claimed_name, r.claimed_version, r.first_seen, r.last_seen);
  return finish(s);
}
base::Status InventoryStore::put(const ToolRow& r) {
  TRY_ASSIGN(sqlite3_stmt * s, statement(kPutTool));
  bind_all(s, r.server_id, r.name, r.definition_hash, r.definition, r.first_seen, r.last_seen, r.last_used, r.calls,
           r.present);
  return finish(s);
}
base::Status InventoryStore::put(const ToolChangeRow& r) {
  TRY_ASSIGN(sqlite3_stmt * s, statement(kPutChange));
  bind_all(s, r.ts, r.server_id, r.name, r.definition_hash, r.previous_hash, r.definition);
  return finish(s);
}
base::Status InventoryStore::put(const AgentRow& r) {
  TRY_ASSIGN(sqlite3_stmt * s, statement(kPutAgent));
  bind_all(s, r.exe, r.name, r.version, r.first_seen, r.last_seen, r.calls);
  return finish(s);
}
base::Status InventoryStore::put(const UserRow& r) {
  TRY_ASSIGN(sqlite3_stmt * s, statement(kPutUser));
  bind_all(s, r.uid, r.user, r.first_seen, r.last_seen, r.calls);
  return finish(s);
}
base::Status InventoryStore::put(const SessionRow& r) {
  TRY_ASSIGN(sqlite3_stmt * s, statement(kPutSession));
  bind_all(s, r.id, r.opened, r.client_exe, r.client_name, r.user, r.server_id, r.transport, r.era, r.protocol_version,
           r.closed, r.messages, r.calls);
  return finish(s);
}

base::Status InventoryStore::trim_sessions() {
  static const std::string kSql =
      "DELETE FROM sessions WHERE number <= (SELECT max(number) FROM sessions) - " + std::to_string(kKeptSessions);
  return run(kSql.c_str());
}

template <typename Row, typename Read>
base::Result<std::vector<Row>> InventoryStore::select(const char* sql, Read read) {
  sqlite3_stmt* s = nullptr;
  if (sqlite3_prepare_v2(db_, sql, -1, &s, nullptr) != SQLITE_OK) return error("read");
  std::vector<Row> rows;
  int rc = SQLITE_OK;
  while ((rc = sqlite3_step(s)) == SQLITE_ROW) read(s, rows.emplace_back());
  if (rc != SQLITE_DONE) {
    Error e = error("read");
    sqlite3_finalize(s);
    return e;
  }
  sqlite3_finalize(s);
  return rows;
}

base::Result<std::vector<ServerRow>> InventoryStore::servers() {
  return select<ServerRow>(
      "SELECT "
      "id,kind,exe,target,version,claimed_name,claimed_version,first_seen,last_seen,state,owner,risk,tier,expiry "
      "FROM servers ORDER BY first_seen,id",
      [](sqlite3_stmt* s, ServerRow& r) {
        r = {text(s, 0),
             text(s, 1),
             text(s, 2),
             text(s, 3),
             text(s, 4),
             text(s, 5),
             text(s, 6),
             unsigned_at(s, 7),
             unsigned_at(s, 8),
             text(s, 9),
             text(s, 10),
             text(s, 11),
             sqlite3_column_int64(s, 12),
             unsigned_at(s, 13)};
      });
}
base::Result<std::vector<ToolRow>> InventoryStore::tools(bool with_definition) {
  const char* sql =
      with_definition ? "SELECT server_id,name,definition_hash,definition,first_seen,last_seen,last_used,calls,present "
                        "FROM tools ORDER BY server_id,name"
                      : "SELECT server_id,name,definition_hash,'',first_seen,last_seen,last_used,calls,present "
                        "FROM tools ORDER BY server_id,name";
  return select<ToolRow>(sql, [](sqlite3_stmt* s, ToolRow& r) {
    r = {text(s, 0),        text(s, 1),        text(s, 2),
         text(s, 3),        unsigned_at(s, 4), unsigned_at(s, 5),
         unsigned_at(s, 6), unsigned_at(s, 7), sqlite3_column_int(s, 8) != 0};
  });
}
base::Result<std::vector<ToolChangeRow>> InventoryStore::tool_changes() {
  return select<ToolChangeRow>(
      "SELECT server_id,name,definition_hash,previous_hash,definition,ts FROM tool_history ORDER BY rowid DESC",
      [](sqlite3_stmt* s, ToolChangeRow& r) {
        r = {text(s, 0), text(s, 1), text(s, 2), text(s, 3), text(s, 4), unsigned_at(s, 5)};
      });
}
base::Result<std::vector<AgentRow>> InventoryStore::agents() {
  return select<AgentRow>("SELECT exe,name,version,first_seen,last_seen,calls FROM agents ORDER BY first_seen,exe,name",
                          [](sqlite3_stmt* s, AgentRow& r) {
                            r = {text(s, 0),        text(s, 1),        text(s, 2),
                                 unsigned_at(s, 3), unsigned_at(s, 4), unsigned_at(s, 5)};
                          });
}
base::Result<std::vector<UserRow>> InventoryStore::users() {
  return select<UserRow>("SELECT uid,user,first_seen,last_seen,calls FROM users ORDER BY uid",
                         [](sqlite3_stmt* s, UserRow& r) {
                           r = {static_cast<std::uint32_t>(sqlite3_column_int64(s, 0)), text(s, 1), unsigned_at(s, 2),
                                unsigned_at(s, 3), unsigned_at(s, 4)};
                         });
}
base::Result<std::vector<SessionRow>> InventoryStore::sessions() {
  return select<SessionRow>(
      "SELECT id,client_exe,client_name,user,server_id,transport,era,protocol_version,opened,closed,messages,calls "
      "FROM sessions ORDER BY number DESC",
      [](sqlite3_stmt* s, SessionRow& r) {
        r = {text(s, 0), text(s, 1), text(s, 2),        text(s, 3),        text(s, 4),         text(s, 5),
             text(s, 6), text(s, 7), unsigned_at(s, 8), unsigned_at(s, 9), unsigned_at(s, 10), unsigned_at(s, 11)};
      });
}

}  // namespace mcpvigil::session
