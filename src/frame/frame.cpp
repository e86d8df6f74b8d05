// SPDX-License-Identifier: Apache-2.0
#include "frame/frame.h"

namespace mcpvigil::frame {

std::string_view name(Framing f) {
  switch (f) {
    case Framing::kUnknown: return "unknown";
    case Framing::kNdjson: return "ndjson";
    case Framing::kHttp1: return "http1";
    case Framing::kHttp2: return "http2";
    case Framing::kSse: return "sse";
    case Framing::kWebsocket: return "websocket";
  }
  return "?";
}

}  // namespace mcpvigil::frame
