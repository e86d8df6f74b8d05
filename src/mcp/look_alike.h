// SPDX-License-Identifier: Apache-2.0
// Protocols that could be taken for MCP, and the marks that tell them apart (protocol notes, section 2.1).
#pragma once
#include <simdjson.h>

#include <optional>
#include <string_view>

#include "jsonrpc/message.h"

namespace mcpvigil::mcp {

// Not a protocol but its absence: a message without "jsonrpc":"2.0". Weaker than the others: a log line may look so.
inline constexpr std::string_view kUnversioned = "unversioned";

// JSON that is no JSON-RPC message at all (jsonrpc::Parser said kNotJsonRpc), from Parser::document().
struct LookAlike {
  std::string_view protocol;                     // "" unknown, "claude-control", "dap"; static storage
  std::optional<simdjson::dom::element> nested;  // the JSON-RPC message it carries; jsonrpc::read_message() reads it
  std::string_view server_name;                  // claude-control: which in-process MCP server it is for
};
[[nodiscard]] LookAlike look_alike(simdjson::dom::element root);

// Which other protocol has this method: "" none known; static storage.
[[nodiscard]] std::string_view protocol_of_method(std::string_view method);

}  // namespace mcpvigil::mcp
