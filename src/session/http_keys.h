// SPDX-License-Identifier: Apache-2.0
// Keys under which an HTTP exchange finds its session.
#pragma once
#include <string>
#include <string_view>

#include "frame/frame.h"
#include "session/peer.h"

namespace mcpvigil::session {

// "host:port" the client meant: the Host header, else the server's address.
[[nodiscard]] std::string authority_of(const frame::HttpExchange& e, const Peer& server);
// Streamable HTTP with Mcp-Session-Id.
[[nodiscard]] std::string session_key(std::string_view authority, std::string_view session_id);
// HTTP+SSE: the session id in the target's query; else its path. `target` may be a URL or a path.
[[nodiscard]] std::string sse_key(std::string_view authority, std::string_view target);
[[nodiscard]] bool names_sse_session(std::string_view target);
// No session in the protocol: who asks whom.
[[nodiscard]] std::string conversation_key(const Peer& client, std::string_view authority);

}  // namespace mcpvigil::session
