// SPDX-License-Identifier: Apache-2.0
// Http1Connection: both lanes of one HTTP/1.1 connection -> JSON texts and server-sent events.
//
// Requests and responses are matched in order (pipelining, keep-alive, HEAD, 1xx, 204/304, chunked, content-length,
// until-close; gzip, deflate, br, zstd). JSON bodies come as one frame; text/event-stream bodies as one frame an event.
// Bodies that are neither are skipped (kHttpOther) without being buffered. Robust to late attach (a response without
// its request, the middle of a body) and to gaps: resynchronises at the next message head, within an event stream at
// the next event. After a gap in the responses all requests but the last are given up (nobody pipelines).
//
// finish() both lanes at the end, in any order. After an upgrade or CONNECT everything is skipped (kHttpOther).
#pragma once
#include <memory>

#include "frame/frame.h"

namespace mcpvigil::frame {

enum class HttpSide : std::uint8_t { kRequests = 0, kResponses = 1 };

class HttpListener : public FrameListener {
 public:
  // The head of a request or response was read (also when no body follows: GET for a stream, DELETE, 202). Interim
  // responses (100, 103) are not reported. An event stream met in its middle has a response head with status 0.
  virtual void on_request_head(const HttpExchange& e, Timestamp ts) = 0;
  virtual void on_response_head(const HttpExchange& e, Timestamp ts) = 0;
  // The response ended (or its connection), and the request was read. `complete` is false when the response was cut.
  // Comes once for each exchange, as the last thing about it.
  virtual void on_exchange_end(const HttpExchange& e, bool complete, Timestamp ts) = 0;
};

class Http1Connection {
 public:
  Http1Connection(base::StreamLimits limits, HttpListener& out);
  ~Http1Connection();
  Http1Connection(Http1Connection&&) = delete;

  void feed(HttpSide side, std::uint64_t pos, Bytes bytes, Timestamp ts);  // bytes need not be padded
  void gap(HttpSide side, std::uint64_t n, Timestamp ts);
  void finish(HttpSide side, Timestamp ts);  // that lane ended (until-close bodies end here)
  [[nodiscard]] std::uint64_t buffered(HttpSide side) const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::frame
