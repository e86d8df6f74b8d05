// SPDX-License-Identifier: Apache-2.0
#include "session/inventory.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/say.h"

namespace mcpvigil::app {

namespace {

using Table = std::vector<std::vector<std::pair<std::string, nlohmann::json>>>;

std::string when(std::uint64_t ns) {
  if (ns == 0) return "-";
  const auto seconds = static_cast<time_t>(ns / 1'000'000'000);
  tm t{};
  gmtime_r(&seconds, &t);
  char buf[32];
  strftime(buf, sizeof buf, "%Y-%m-%dT%H:%M:%SZ", &t);
  return buf;
}

// Columns as wide as their widest cell; terminal control characters never reach the terminal.
std::string cell(const nlohmann::json& v) {
  std::string s = v.is_string() ? v.get<std::string>() : v.dump();
  for (char& c : s) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return s.empty() ? "-" : s;
}

void print(const Table& rows, bool json) {
  if (json) {
    for (const auto& row : rows) {
      nlohmann::ordered_json o;
      for (const auto& [k, v] : row) o[k] = v;
      say(stdout, "{}\n", o.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    return;
  }
  if (rows.empty()) {
    say(stdout, "nothing seen yet\n");
    return;
  }
  std::vector<std::size_t> width;
  for (const auto& [k, v] : rows.front()) width.push_back(k.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], cell(row[i].second).size());
  }
  for (std::size_t i = 0; i < width.size(); ++i) say(stdout, "{:<{}}", rows.front()[i].first, width[i] + 2);
  say(stdout, "\n");
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) say(stdout, "{:<{}}", cell(row[i].second), width[i] + 2);
    say(stdout, "\n");
  }
}

int fail(const base::Error& e) {
  say(stderr, "mcpvigil: {}\n", e.message);
  return e.code == base::ErrorCode::kFormat ? kExitFinding : kExitEnvironment;
}

}  // namespace

int inventory(const Options& o) {
  const std::string file = o.state.empty() ? "/var/lib/mcpvigil/inventory.db" : o.state;
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) {  // looking makes no file
    say(stderr, "mcpvigil: there is no inventory in {} yet: \"mcpvigil run\" fills it\n", file);
    print({}, o.json);
    return kExitOk;
  }
  auto opened = session::Inventory::open(file);
  if (!opened) return fail(opened.error());
  session::Inventory& inv = **opened;
  Table rows;
  if (o.table == "servers") {
    auto r = inv.servers();
    if (!r) return fail(r.error());
    for (const auto& s : *r) {
      rows.push_back({{"id", s.id},
                      {"kind", s.kind},
                      {"claims", s.claimed_name},
                      {"version", s.claimed_version},
                      {"exe", s.exe},
                      {"target", s.target},
                      {"state", s.state},
                      {"first_seen", when(s.first_seen)},
                      {"last_seen", when(s.last_seen)}});
    }
  } else if (o.table == "tools") {
    auto r = inv.tools();
    if (!r) return fail(r.error());
    for (const auto& t : *r) {
      rows.push_back({{"server", t.server_id},
                      {"tool", t.name},
                      {"definition", t.definition_hash.substr(0, o.json ? 64 : 12)},
                      {"calls", t.calls},
                      {"present", t.present},
                      {"first_seen", when(t.first_seen)},
                      {"last_used", when(t.last_used)}});
    }
  } else if (o.table == "agents") {
    auto r = inv.agents();
    if (!r) return fail(r.error());
    for (const auto& a : *r) {
      rows.push_back({{"claims", a.name},
                      {"version", a.version},
                      {"exe", a.exe},
                      {"calls", a.calls},
                      {"first_seen", when(a.first_seen)},
                      {"last_seen", when(a.last_seen)}});
    }
  } else if (o.table == "users") {
    auto r = inv.users();
    if (!r) return fail(r.error());
    for (const auto& u : *r)
      rows.push_back({{"uid", u.uid},
                      {"user", u.user},
                      {"calls", u.calls},
                      {"first_seen", when(u.first_seen)},
                      {"last_seen", when(u.last_seen)}});
  } else {
    auto r = inv.sessions();
    if (!r) return fail(r.error());
    for (const auto& s : *r) {
      rows.push_back({{"id", s.id},
                      {"client", s.client_name.empty() ? s.client_exe : s.client_name},
                      {"server", s.server_id},
                      {"user", s.user},
                      {"transport", s.transport},
                      {"era", s.era},
                      {"revision", s.protocol_version},
                      {"messages", s.messages},
                      {"calls", s.calls},
                      {"opened", when(s.opened)},
                      {"closed", when(s.closed)}});
    }
  }
  print(rows, o.json);
  return kExitOk;
}

}  // namespace mcpvigil::app
