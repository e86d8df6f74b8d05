// SPDX-License-Identifier: Apache-2.0
// SseParser: a text/event-stream -> events, as the HTML standard reads it: LF, CRLF or CR line ends, comments, data
// lines joined by a newline, a byte order mark at the start; cut anywhere. `retry` is ignored.
//
// Every byte fed is reported once: with the event it belongs to, or by on_no_event. An event without data is not one.
//
//   parser.feed(bytes);   // calls the sink
//   parser.finish();      // an event without its blank line is not one
#pragma once
#include <array>
#include <string>

#include "frame/accounted_buffer.h"
#include "frame/frame.h"

namespace mcpvigil::frame {

class SseSink {
 public:
  virtual ~SseSink() = default;
  // `data` is padded, never blank and, like the views in `e`, lives until the call returns.
  virtual void on_event(const SseEvent& e, Bytes data, std::uint64_t stream_bytes) = 0;
  virtual void on_no_event(SkipReason why, std::uint64_t stream_bytes) = 0;
};

class SseParser {
 public:
  SseParser(base::StreamLimits limits, SseSink& out) : limits_(limits), out_(out), data_(limits.budget) {}

  void feed(Bytes bytes);
  void finish();  // back to the start state
  void reset();   // the same, without a report
  // Bytes are missing: what was read of the event is forgotten. What comes next is the start of an event, or else
  // (no one knows) everything up to a blank line is no event.
  void lose_place(bool event_starts_next);
  // Inside a call to the sink: how much of the bytes being fed was read.
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] std::uint64_t pending() const { return carried_ + (at_ - mark_); }

 private:
  enum class State : std::uint8_t { kBom, kName, kSpace, kValue };
  enum class Field : std::uint8_t { kIgnored, kData, kEvent, kId };

  static constexpr std::size_t kMaxWord = 1024;  // of event and id; a longer id is ignored, a longer event is cut

  void name_byte(char c);
  void value_bytes(Bytes b);
  void end_name();
  void end_line();
  void dispatch();
  void drop(SkipReason why);
  [[nodiscard]] std::size_t line_end(Bytes b);
  [[nodiscard]] std::uint64_t take_pending();

  base::StreamLimits limits_;
  SseSink& out_;
  AccountedBuffer data_;  // each data line with a newline after it
  std::string event_, id_, word_;
  std::array<char, 8> name_{};
  std::size_t name_size_ = 0;
  State state_ = State::kBom;
  Field field_ = Field::kIgnored;
  std::uint8_t bom_ = 0;
  bool line_empty_ = true;
  bool swallow_lf_ = false;  // the last line ended with CR
  bool open_ = false;        // a field of the next event was read
  bool dropped_ = false;
  SkipReason drop_reason_ = SkipReason::kTooLarge;
  std::uint64_t carried_ = 0;              // bytes of earlier feeds not yet reported
  std::size_t at_ = 0, mark_ = 0;          // in the bytes being fed: read, reported
  std::size_t next_lf_ = 0, next_cr_ = 0;  // where the next ones are, so that each byte is searched once
};

}  // namespace mcpvigil::frame
