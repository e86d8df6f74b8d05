// SPDX-License-Identifier: Apache-2.0
// ServerIdentity: the name of a server that it cannot choose itself. What it says of itself is only a claim.
//
// Local: executable and what it was told to run, or the package a runner (npx, uvx, docker, ...) above it was told to
// run; remote: scheme, authority and path. The version stands beside and is not part of the id.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "session/party_table.h"

namespace mcpvigil::session {

struct ServerIdentity {
  std::string id;       // "srv-" + 8 hex of a SHA-256; empty when nothing is known
  std::string kind;     // local, remote
  std::string exe;      // local
  std::string target;   // script, module or package; remote: the URL
  std::string version;  // of a pinned package
};

// `ancestors`: nearest first, up to but not including the client.
[[nodiscard]] ServerIdentity local_identity(const event::ProcessFacts& f, const std::vector<Facts>& ancestors);
// scheme: https, http, tcp, unix. The query and fragment of `path` are not part of the id.
[[nodiscard]] ServerIdentity remote_identity(std::string_view scheme, std::string_view authority,
                                             std::string_view path);

// "192.0.2.1:443", "[2001:db8::1]:443"; empty when the family is not known.
[[nodiscard]] std::string text_of(const event::Address& a);
void append_ip(const event::Address& a, std::string& out);

}  // namespace mcpvigil::session
