// SPDX-License-Identifier: Apache-2.0
// Frame: one JSON text cut out of a byte stream, with where it stood. Framers know no kernel and no JSON-RPC.
//
// Accounting: for every byte fed to a framer, exactly one of: it is part of a Frame's wire_bytes, it is reported by
// on_skip, or it is still buffered (buffered()). A gap's bytes were never fed and are not reported here.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/ledger.h"
#include "base/memory_budget.h"

namespace mcpvigil::frame {

using base::Bytes;
using base::SkipReason;
using base::Timestamp;

enum class Framing : std::uint8_t { kUnknown = 0, kNdjson = 1, kHttp1 = 2, kHttp2 = 3, kSse = 4, kWebsocket = 5 };
[[nodiscard]] std::string_view name(Framing f);  // "ndjson", "http1", ... as in the event line

// One HTTP request and its response. Owned by the HttpConnection; views live as long as the exchange.
// Header values kept: only those named here, each bounded to 8 KiB; everything else is dropped when read.
struct HttpExchange {
  std::uint64_t id = 0;        // counted up per connection from 1
  std::string method, target;  // "POST", "/mcp?x=1" (bounded to 8 KiB)
  int status = 0;              // 0 until the response head was seen
  std::string host, origin;
  std::string session_id;  // Mcp-Session-Id of the request, else of the response
  std::string response_session_id;
  std::string protocol_version;      // MCP-Protocol-Version of the request
  std::string mcp_method, mcp_name;  // Mcp-Method, Mcp-Name (as sent; Base64 sentinel not decoded)
  std::string last_event_id, user_agent, content_type, response_content_type, www_authenticate;
  std::string location;
  bool has_authorization = false;  // the value is never kept
  bool request_seen = false;       // false: attached late, only the response was seen
};

struct SseEvent {
  std::string_view event;  // "message" when the field is absent
  std::string_view id;
};

struct Frame {
  Bytes text;                    // padded; candidate JSON text (never blank); lives until the callback returns
  std::uint64_t begin = 0;       // stream position of the first byte
  std::uint64_t wire_bytes = 0;  // bytes of the stream this frame stands for (compressed size where compressed)
  Timestamp first, last;         // when its first and last byte moved
  bool after_gap = false;        // bytes were missing before it: it may follow something unseen
  Framing framing = Framing::kUnknown;
  const HttpExchange* http = nullptr;  // set for HTTP
  const SseEvent* sse = nullptr;       // set for server-sent events
  bool is_http_response = false;
};

class FrameListener {
 public:
  virtual ~FrameListener() = default;
  virtual void on_frame(const Frame& f) = 0;
  virtual void on_skip(SkipReason why, std::uint64_t wire_bytes) = 0;
};

}  // namespace mcpvigil::frame
