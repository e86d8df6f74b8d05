// SPDX-License-Identifier: Apache-2.0
// Http1Connection: both lanes of one HTTP/1.1 connection -> JSON texts and server-sent events.
//
// Requests and responses are matched in order (pipelining, keep-alive, HEAD, 1xx, 204/304, chunked, content-length,
// until-close; gzip, deflate, br, zstd). JSON bodies come as one frame; text/event-stream bodies as one frame an event.
// Bodies that are neither are skipped (kHttpOther) without being buffered. Robust to late attach (a response without
// its request, the middle of a body) and to gaps: resynchronises at the next message head.
#pragma once
#include <memory>

#include "frame/frame.h"

namespace mcpvigil::frame {

enum class HttpSide : std::uint8_t { kRequests = 0, kResponses = 1 };

class HttpListener : public FrameListener {
 public:
  // The head of a request or response was read (also when no body follows: GET for a stream, DELETE, 202).
  virtual void on_request_head(const HttpExchange& e, Timestamp ts) = 0;
  virtual void on_response_head(const HttpExchange& e, Timestamp ts) = 0;
  // The response ended (or its connection). `complete` is false when it was cut.
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
