// SPDX-License-Identifier: Apache-2.0
// sniff: what a stream's first bytes look like. The kernel asks the same question (include/mcpvigil/wire/sniff.h).
#pragma once
#include "frame/frame.h"

namespace mcpvigil::frame {

enum class Look : std::uint8_t {
  kNeedMore,       // too short to say (only blanks, or a prefix of a known start)
  kJson,           // first non-blank byte (after an optional BOM) is { or [
  kHttpRequest,    // "POST /", "GET /", ... an HTTP/1 request line
  kHttpResponse,   // "HTTP/1."
  kHttp2,          // the connection preface "PRI * HTTP/2.0"
  kTls,            // a TLS record header
  kContentLength,  // LSP/DAP base protocol: "Content-Length:"
  kText,           // none of these: may be a banner before JSON
};
[[nodiscard]] Look sniff(Bytes start);

}  // namespace mcpvigil::frame
