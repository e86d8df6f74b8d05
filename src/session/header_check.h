// SPDX-License-Identifier: Apache-2.0
// Do the HTTP routing headers say what the body says? A gateway believes the first, the server the second.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "frame/frame.h"
#include "mcp/operation.h"

namespace mcpvigil::session {

struct HeaderMismatch {
  std::string_view header;  // Mcp-Method, Mcp-Name, MCP-Protocol-Version
  std::string said, body;   // bounded
};

// The first disagreement of a request. Absent headers agree with everything (older revisions have none).
[[nodiscard]] std::optional<HeaderMismatch> header_mismatch(const frame::HttpExchange& e, const mcp::Operation& op);

// Mcp-Name as meant: "=?base64?...?=" decoded, anything else unchanged. Nothing when the sentinel's content is bad.
[[nodiscard]] std::optional<std::string> decode_header_value(std::string_view value);

}  // namespace mcpvigil::session
