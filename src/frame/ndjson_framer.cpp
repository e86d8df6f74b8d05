// SPDX-License-Identifier: Apache-2.0
#include "frame/ndjson_framer.h"

#include <cstring>

#include "frame/accounted_buffer.h"
#include "frame/json_scanner.h"
#include "frame/skip_tally.h"

namespace mcpvigil::frame {
namespace {

using Stop = JsonScanner::Stop;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t skip_spaces(Bytes b, std::size_t i) {
  while (i < b.size() && is_space(b[i])) ++i;
  return i;
}

// What may follow the opening bracket of a message. "[INFO]" and "{name}" are text, an array is a batch of objects.
bool may_follow_opener(char opener, char c) { return opener == '{' ? c == '"' || c == '}' : c == '{' || c == ']'; }

// Is `line` (padded) one object and nothing else?
bool is_one_object(Bytes line) {
  if (line.empty() || line[0] != '{') return false;
  const std::size_t second = skip_spaces(line, 1);
  if (second == line.size() || !may_follow_opener('{', line[second])) return false;
  JsonScanner scanner;
  scanner.open('{');
  const auto [stop, used] = scanner.scan(line.data() + 1, line.size() - 1);
  return stop == Stop::kClosed && skip_spaces(line, 1 + used) == line.size();
}

}  // namespace

struct NdjsonFramer::State {
  enum class Phase : std::uint8_t {
    kBetween,   // between messages: at the start of a line, or after a message on the same line
    kBom,       // bom_ bytes of a byte order mark were read at column 0
    kOpening,   // an opening bracket was read: the next token says whether this is JSON
    kInside,    // inside a message
    kNextLine,  // inside a message, at the start of another line: does it continue the message?
    kConfirm,   // the first value after a gap was closed: is it alone on its line?
    kSkipLine,  // skipping to the newline for skip_reason_
  };

  // An indented message is not believed while resynchronising, but nothing blinds a lane for good.
  static constexpr std::uint64_t kStrictBytes = 64U << 10;

  State(base::StreamLimits l, FrameListener& o) : limits(l), out(o), skips(o), buf(l.budget) {}

  base::StreamLimits limits;
  FrameListener& out;
  SkipTally skips;
  AccountedBuffer buf;  // the part of the open message that came with earlier feeds
  JsonScanner scanner;
  Phase phase = Phase::kBetween;
  Bytes chunk;  // being fed; all indices are into it
  std::uint64_t chunk_pos = 0, next_pos = 0;
  std::size_t text_start = 0;    // of the open message in chunk; 0 when it began earlier
  std::uint64_t begin_pos = 0;   // of the open message in the stream
  std::uint64_t value_size = 0;  // kConfirm: size of the closed value
  Timestamp first, now;
  SkipReason skip_reason = SkipReason::kNotJson;
  SkipReason strict_reason = SkipReason::kUnfinished;
  std::uint64_t strict_left = 0;  // > 0: only a message at column 0 is believed
  char opener = 0;
  char last_token = 0;  // kNextLine: the last byte before the newline that is not white space
  std::uint8_t bom = 0;
  bool indented = false;       // white space was read on this line
  bool several_lines = false;  // the open message has a newline in it
  bool tentative = false;      // first line after a gap: may be the tail of something unseen
  bool after_gap = false;

  [[nodiscard]] bool message_open() const {
    return phase == Phase::kOpening || phase == Phase::kInside || phase == Phase::kNextLine || phase == Phase::kConfirm;
  }
  [[nodiscard]] std::uint64_t text_size(std::size_t i) const { return buf.size() + (i - text_start); }

  void feed(std::uint64_t pos, Bytes bytes, Timestamp ts);
  void gap();
  void finish();
  std::size_t step(std::size_t i);
  std::size_t between(std::size_t i);
  std::size_t byte_order_mark(std::size_t i);
  std::size_t open_message(std::size_t i);
  std::size_t opening(std::size_t i, std::size_t end);
  std::size_t inside(std::size_t i, std::size_t end);
  std::size_t next_line(std::size_t i, std::size_t end);
  std::size_t confirm(std::size_t i, std::size_t end);
  std::size_t skip_line(std::size_t i);

  void start_skip(SkipReason why) {
    skip_reason = why;
    phase = Phase::kSkipLine;
  }
  void be_strict(SkipReason why) {
    strict_reason = why;
    strict_left = kStrictBytes;
  }
  void emit(Bytes text, std::uint64_t begin);
  void close_message(std::size_t i, std::uint64_t size);
  void abandon(std::size_t i, SkipReason why, bool at_end = false);
  void cut(std::size_t i, SkipReason why);
  void broken_before_line(std::size_t i);
  void salvage(Bytes text, SkipReason why, bool at_end);
  [[nodiscard]] char last_token_before(std::size_t i) const;
  [[nodiscard]] bool continues(char c) const;
};

void NdjsonFramer::State::feed(std::uint64_t pos, Bytes bytes, Timestamp ts) {
  if (bytes.empty()) return;
  if (pos != next_pos) gap();  // also a stream met in its middle
  now = ts;
  chunk = bytes;
  chunk_pos = pos;
  next_pos = pos + bytes.size();
  text_start = 0;
  for (std::size_t i = 0; i < chunk.size();) i = step(i);
  if (message_open() && text_start < chunk.size() && !buf.append(chunk.substr(text_start))) {
    cut(chunk.size(), SkipReason::kMemoryCap);
  }
  chunk = {};
  text_start = 0;
  skips.flush();
}

std::size_t NdjsonFramer::State::step(std::size_t i) {
  // Never look further than one byte beyond the cap: the cut is then at the same byte however the stream is fed.
  std::size_t end = chunk.size();
  if (message_open()) {
    const std::uint64_t room = limits.max_message + 1 - text_size(i);
    if (end - i > room) end = i + static_cast<std::size_t>(room);
  }
  switch (phase) {
    case Phase::kBetween: return between(i);
    case Phase::kBom: return byte_order_mark(i);
    case Phase::kOpening: i = opening(i, end); break;
    case Phase::kInside: i = inside(i, end); break;
    case Phase::kNextLine: i = next_line(i, end); break;
    case Phase::kConfirm: i = confirm(i, end); break;
    case Phase::kSkipLine: return skip_line(i);
  }
  if (message_open() && text_size(i) > limits.max_message) cut(i, SkipReason::kTooLarge);
  return i;
}

// The open message is too large to be kept: the rest of the line goes with it.
void NdjsonFramer::State::cut(std::size_t i, SkipReason why) {
  abandon(i, why);
  be_strict(why);
  if (i > 0 && chunk[i - 1] == '\n') {
    indented = false;
    tentative = false;
    phase = Phase::kBetween;
  } else {
    start_skip(why);
  }
}

std::size_t NdjsonFramer::State::between(std::size_t i) {
  const char c = chunk[i];
  if (c == '\n') {
    skips.add(SkipReason::kProtocolFraming, 1);
    indented = false;
    tentative = false;
    return i + 1;
  }
  if (tentative && c != '{' && c != '[') {
    start_skip(SkipReason::kUnfinished);
    return i;
  }
  if (c == '\r') {
    skips.add(SkipReason::kProtocolFraming, 1);
    return i + 1;
  }
  if (c == ' ' || c == '\t') {
    indented = true;
    skips.add(SkipReason::kBlank, 1);
    return i + 1;
  }
  if (c == '{' || c == '[') {
    if (!tentative && strict_left != 0) {
      if (indented) {
        start_skip(strict_reason);
        return i;
      }
      strict_left = 0;
    }
    return open_message(i);
  }
  if (c == '\xEF' && !indented) {
    phase = Phase::kBom;
    bom = 0;
    return i;
  }
  start_skip(strict_left != 0 && (indented || c == '}' || c == ']') ? strict_reason : SkipReason::kNotJson);
  // A closing bracket at column 0 ends the pretty-printed message whose inner lines were not to be believed.
  if (!indented && (c == '}' || c == ']')) strict_left = 0;
  return i;
}

std::size_t NdjsonFramer::State::byte_order_mark(std::size_t i) {
  constexpr Bytes kBom = "\xEF\xBB\xBF";
  if (chunk[i] != kBom[bom]) {
    skips.add(SkipReason::kNotJson, bom);
    bom = 0;
    start_skip(SkipReason::kNotJson);
    return i;
  }
  if (++bom == kBom.size()) {
    skips.add(SkipReason::kProtocolFraming, bom);
    bom = 0;
    phase = Phase::kBetween;
  }
  return i + 1;
}

std::size_t NdjsonFramer::State::open_message(std::size_t i) {
  text_start = i;
  begin_pos = chunk_pos + i;
  first = now;
  opener = chunk[i];
  several_lines = false;
  phase = Phase::kOpening;
  return i + 1;
}

std::size_t NdjsonFramer::State::opening(std::size_t i, std::size_t end) {
  for (; i < end; ++i) {
    const char c = chunk[i];
    if (c == '\n') {
      several_lines = true;
      indented = false;
      if (tentative) {
        abandon(i, SkipReason::kUnfinished);
        phase = Phase::kBetween;
        return i;
      }
    } else if (is_space(c)) {
      indented = true;
    } else if (may_follow_opener(opener, c)) {
      scanner.open(opener);
      phase = Phase::kInside;
      return i;
    } else if (several_lines) {
      broken_before_line(i);
      return i;
    } else {
      const SkipReason why = tentative       ? SkipReason::kUnfinished
                             : opener == '{' ? SkipReason::kMalformedJson
                                             : SkipReason::kNotJson;
      abandon(i, why);
      start_skip(why);
      return i;
    }
  }
  return i;
}

std::size_t NdjsonFramer::State::inside(std::size_t i, std::size_t end) {
  const auto [stop, used] = scanner.scan(chunk.data() + i, end - i);
  i += used;
  if (stop == Stop::kEnd || text_size(i) > limits.max_message) return i;
  if (stop == Stop::kClosed) {
    if (tentative) {
      value_size = text_size(i);
      phase = Phase::kConfirm;
    } else {
      close_message(i, text_size(i));
    }
    return i;
  }
  if (tentative || stop == Stop::kNewlineInString) {
    const bool inner_line = several_lines;
    --i;  // the newline itself is framing
    // Tentative: the tail of a message, or an inner line of one.
    abandon(i, tentative ? SkipReason::kUnfinished : SkipReason::kMalformedJson);
    if (inner_line) be_strict(SkipReason::kMalformedJson);
    phase = Phase::kBetween;
  } else {
    last_token = last_token_before(i - 1);
    indented = false;
    several_lines = true;
    phase = Phase::kNextLine;
  }
  return i;
}

std::size_t NdjsonFramer::State::next_line(std::size_t i, std::size_t end) {
  for (; i < end; ++i) {
    const char c = chunk[i];
    if (c == '\n') {
      indented = false;
    } else if (is_space(c)) {
      indented = true;
    } else {
      if (continues(c)) {
        phase = Phase::kInside;
      } else {
        broken_before_line(i);
      }
      return i;
    }
  }
  return i;
}

std::size_t NdjsonFramer::State::confirm(std::size_t i, std::size_t end) {
  for (; i < end; ++i) {
    if (chunk[i] == '\n') {
      tentative = false;
      strict_left = 0;
      close_message(i, value_size);
      return i;
    }
    if (!is_space(chunk[i])) {
      abandon(i, SkipReason::kUnfinished);
      start_skip(SkipReason::kUnfinished);
      return i;
    }
  }
  return i;
}

std::size_t NdjsonFramer::State::skip_line(std::size_t i) {
  const void* found = std::memchr(chunk.data() + i, '\n', chunk.size() - i);
  const std::size_t end =
      found == nullptr ? chunk.size() : static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
  skips.add(skip_reason, end - i);
  strict_left = strict_left > end - i ? strict_left - (end - i) : 0;
  if (found == nullptr) return end;
  skips.add(SkipReason::kProtocolFraming, 1);
  indented = false;
  tentative = false;
  phase = Phase::kBetween;
  return end + 1;
}

void NdjsonFramer::State::emit(Bytes text, std::uint64_t begin) {
  Frame f;
  f.text = text;
  f.begin = begin;
  f.wire_bytes = text.size();
  f.first = first;
  f.last = now;
  f.after_gap = after_gap;
  f.framing = Framing::kNdjson;
  after_gap = false;
  out.on_frame(f);
}

// The open message is the first `size` of its bytes before i; the rest is white space.
void NdjsonFramer::State::close_message(std::size_t i, std::uint64_t size) {
  const std::uint64_t total = text_size(i);
  if (buf.empty()) {
    emit(chunk.substr(text_start, static_cast<std::size_t>(size)), begin_pos);
  } else if (buf.append(chunk.substr(text_start, i - text_start))) {
    emit(buf.view().substr(0, static_cast<std::size_t>(size)), begin_pos);
  } else {
    skips.add(SkipReason::kMemoryCap, size);
  }
  skips.add(SkipReason::kBlank, total - size);
  buf.clear();
  indented = true;  // whatever follows on this line is not at column 0
  phase = Phase::kBetween;
}

// Gives up the open message, which is everything of it before i. The caller sets the phase.
void NdjsonFramer::State::abandon(std::size_t i, SkipReason why, bool at_end) {
  const Bytes rest = chunk.substr(text_start, i - text_start);
  if (!several_lines || tentative) {
    skips.add(why, buf.size() + rest.size());
  } else if (buf.empty()) {
    salvage(rest, why, at_end);
  } else if (buf.append(rest)) {
    salvage(buf.view(), why, at_end);
  } else {
    salvage(buf.view(), why, false);
    skips.add(why, rest.size());
  }
  buf.clear();
  several_lines = false;
}

// What came before the line at i does not continue on it: that line is looked at afresh.
void NdjsonFramer::State::broken_before_line(std::size_t i) {
  abandon(i, SkipReason::kMalformedJson);
  if (indented) be_strict(SkipReason::kMalformedJson);
  phase = Phase::kBetween;
}

// One broken line must not swallow the messages after it: a line that is one object at column 0 is given. Each line is
// read once more, alone, so this is linear. The first line is the broken one.
void NdjsonFramer::State::salvage(Bytes text, SkipReason why, bool at_end) {
  std::size_t at = 0;
  bool broken_line = true;
  while (at < text.size()) {
    const std::size_t newline = text.find('\n', at);
    const bool whole = newline != Bytes::npos || at_end;
    const std::size_t stop = newline == Bytes::npos ? text.size() : newline + 1;
    const Bytes line = text.substr(at, stop - at);
    if (!broken_line && whole && is_one_object(line)) {
      const std::size_t size = line.find_last_of('}') + 1;
      emit(line.substr(0, size), begin_pos + at);
      skips.add(SkipReason::kProtocolFraming, line.size() - size);
    } else {
      skips.add(why, line.size());
    }
    broken_line = false;
    at = stop;
  }
}

char NdjsonFramer::State::last_token_before(std::size_t i) const {
  while (i > text_start) {
    if (!is_space(chunk[--i])) return chunk[i];
  }
  const Bytes earlier = buf.view();
  for (std::size_t k = earlier.size(); k > 0;) {
    if (!is_space(earlier[--k])) return earlier[k];
  }
  return opener;
}

// May a line that starts with c continue the open message? Only what can never be valid JSON says no.
bool NdjsonFramer::State::continues(char c) const {
  const bool value_due = last_token == '[' || last_token == ':' || (last_token == ',' && scanner.in_array());
  switch (c) {
    case '}':
    case ']':
    case ',':
    case ':': return true;
    case '"': return value_due || last_token == '{' || last_token == ',';
    case '{':
    case '[':
    case '-':
    case 't':
    case 'f':
    case 'n': return value_due;
    default: return value_due && c >= '0' && c <= '9';
  }
}

void NdjsonFramer::State::gap() {
  if (message_open()) abandon(0, SkipReason::kUnfinished);
  skips.add(SkipReason::kUnfinished, bom);
  skips.flush();
  bom = 0;
  phase = Phase::kBetween;
  indented = false;
  tentative = true;
  after_gap = true;
  be_strict(SkipReason::kUnfinished);
}

void NdjsonFramer::State::finish() {
  if (message_open()) abandon(0, SkipReason::kUnfinished, true);
  skips.add(SkipReason::kNotJson, bom);
  skips.flush();
  bom = 0;
  phase = Phase::kBetween;
  indented = false;
  tentative = false;
}

NdjsonFramer::NdjsonFramer(base::StreamLimits limits, FrameListener& out) : s_(std::make_unique<State>(limits, out)) {}
NdjsonFramer::~NdjsonFramer() = default;

void NdjsonFramer::feed(std::uint64_t pos, Bytes bytes, Timestamp ts) { s_->feed(pos, bytes, ts); }

void NdjsonFramer::gap(std::uint64_t n, Timestamp ts) {
  s_->now = ts;
  s_->gap();
  s_->next_pos += n;
}

void NdjsonFramer::finish(Timestamp ts) {
  s_->now = ts;
  s_->finish();
}

std::uint64_t NdjsonFramer::buffered() const { return s_->buf.size() + s_->bom; }

}  // namespace mcpvigil::frame
