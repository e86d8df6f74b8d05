// SPDX-License-Identifier: Apache-2.0
// HttpBody: the body of one HTTP message -> frames. JSON: one frame; event stream: one frame an event; anything else is
// skipped without being kept. One instance a lane, used for one message after the other.
//
//   body.begin(head, exchange);
//   body.add(pos, bytes, ts);   // as they come, chunk framing removed
//   body.end(ts);               // or abandon(reason)
#pragma once
#include <memory>

#include "frame/accounted_buffer.h"
#include "frame/content_decoder.h"
#include "frame/http_head.h"
#include "frame/sse_parser.h"

namespace mcpvigil::frame {

class HttpBody final : private SseSink {
 public:
  HttpBody(base::StreamLimits limits, FrameListener& out, bool is_response)
      : limits_(limits), out_(out), is_response_(is_response), text_(limits.budget), sse_(limits, *this) {}

  void begin(const HttpHead& head, const HttpExchange& exchange);
  void add(std::uint64_t pos, Bytes bytes, Timestamp ts);
  void end(Timestamp ts);
  // What is kept is skipped for `why`.
  void abandon(SkipReason why);
  // Bytes are missing, but the events that follow are wanted: the one being read is given up.
  void lose_event(bool event_starts_next);
  void mark_gap() { after_gap_ = true; }
  [[nodiscard]] bool is_plain_event_stream() const { return kind_ == Kind::kEvents && decoder_ == nullptr; }
  [[nodiscard]] std::uint64_t buffered() const { return held_; }

 private:
  enum class Kind : std::uint8_t {
    kNone,     // no body is being read
    kJson,     //
    kEvents,   //
    kUntyped,  // no Content-Type: JSON if it starts so
    kSkip,     // skipped for skip_reason_
  };

  void on_event(const SseEvent& e, Bytes data, std::uint64_t stream_bytes) override;
  void on_no_event(SkipReason why, std::uint64_t stream_bytes) override;
  [[nodiscard]] bool take(Bytes plain);
  [[nodiscard]] bool take_text(Bytes plain);
  void drop(SkipReason why);
  void skip_held(SkipReason why);
  void mark(std::uint64_t pos);

  base::StreamLimits limits_;
  FrameListener& out_;
  bool is_response_;
  AccountedBuffer text_;
  SseParser sse_;
  std::unique_ptr<ContentDecoder> decoder_;  // null: identity
  const HttpExchange* exchange_ = nullptr;   // kept alive by the lane between begin and end
  Kind kind_ = Kind::kNone;
  SkipReason skip_reason_ = SkipReason::kHttpOther;
  SkipReason idle_reason_ = SkipReason::kProtocolFraming;
  std::uint64_t held_ = 0;   // bytes of the stream not yet part of a frame or skipped
  std::uint64_t begin_ = 0;  // position of the first of them
  Timestamp first_, now_;
  std::uint64_t piece_pos_ = 0;
  bool after_gap_ = false;
};

}  // namespace mcpvigil::frame
