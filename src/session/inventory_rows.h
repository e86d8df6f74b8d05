// SPDX-License-Identifier: Apache-2.0
// Rows of the inventory, as stored. Times are nanoseconds since the epoch, 0 = never.
#pragma once
#include <cstdint>
#include <string>

namespace mcpvigil::session {

struct ServerRow {
  std::string id, kind, exe, target, version;  // identity; target: script, module, package or URL
  std::string claimed_name, claimed_version;   // what it says of itself
  std::uint64_t first_seen = 0, last_seen = 0;
  std::string state = "unknown", owner, risk;  // of the approval stage
  std::int64_t tier = 0;
  std::uint64_t expiry = 0;
};

struct ToolRow {
  std::string server_id, name, definition_hash;
  std::string definition;  // canonical JSON
  std::uint64_t first_seen = 0, last_seen = 0, last_used = 0, calls = 0;
  bool present = true;  // in the last complete list
};

struct ToolChangeRow {
  std::string server_id, name, definition_hash, previous_hash, definition;
  std::uint64_t ts = 0;
};

struct AgentRow {
  std::string exe, name, version;
  std::uint64_t first_seen = 0, last_seen = 0, calls = 0;
};

struct UserRow {
  std::uint32_t uid = 0;
  std::string user;
  std::uint64_t first_seen = 0, last_seen = 0, calls = 0;
};

struct SessionRow {
  std::string id, client_exe, client_name, user, server_id, transport, era, protocol_version;
  std::uint64_t opened = 0, closed = 0, messages = 0, calls = 0;  // closed 0: still going on
};

}  // namespace mcpvigil::session
