// SPDX-License-Identifier: Apache-2.0
#include "session/http_keys.h"

#include <array>

#include "session/server_identity.h"

namespace mcpvigil::session {
namespace {

// Query parameters that servers put the session id in: Python and TypeScript SDKs, then others seen.
constexpr std::array<std::string_view, 5> kIdNames{"session_id", "sessionId", "sessionid", "session", "sid"};

std::string_view query_id(std::string_view target) {
  auto q = target.find('?');
  if (q == std::string_view::npos) return {};
  std::string_view query = target.substr(q + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    auto amp = query.find('&');
    std::string_view pair = query.substr(0, amp);
    auto eq = pair.find('=');
    if (eq != std::string_view::npos) {
      for (std::string_view name : kIdNames) {
        if (pair.substr(0, eq) == name && eq + 1 < pair.size()) return pair.substr(eq + 1);
      }
    }
    if (amp == std::string_view::npos) break;
    query.remove_prefix(amp + 1);
  }
  return {};
}

std::string joined(char kind, std::string_view a, std::string_view b) {
  std::string out(1, kind);
  out.push_back('\n');  // in no host, header value or path
  out.append(a);
  out.push_back('\n');
  out.append(b);
  return out;
}

}  // namespace

std::string authority_of(const frame::HttpExchange& e, const Peer& server) {
  if (e.host.empty()) return text_of(server.address);
  std::string out = e.host;
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string session_key(std::string_view authority, std::string_view session_id) {
  return joined('i', authority, session_id);
}

std::string sse_key(std::string_view authority, std::string_view target) {
  // An absolute URL names its own authority; a proxy may have another name for it, the path is what counts.
  if (auto scheme = target.find("://"); scheme != std::string_view::npos) {
    auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  std::string_view id = query_id(target);
  return joined('e', authority, id.empty() ? target.substr(0, target.find_first_of("?#")) : id);
}

bool names_sse_session(std::string_view target) { return !query_id(target).empty(); }

std::string conversation_key(const Peer& client, std::string_view authority) {
  std::string who;
  if (client.process.known()) {
    who = std::to_string(client.process.pid) + "." + std::to_string(client.process.start_ns);
  } else {
    append_ip(client.address, who);  // not the port: that changes with every connection
  }
  return joined('c', who, authority);
}

}  // namespace mcpvigil::session
