// SPDX-License-Identifier: Apache-2.0
#include "frame/sse_parser.h"

#include <algorithm>

namespace mcpvigil::frame {

void SseParser::feed(Bytes bytes) {
  constexpr Bytes kBom = "\xEF\xBB\xBF";
  at_ = mark_ = 0;
  next_lf_ = next_cr_ = 0;
  while (at_ < bytes.size()) {
    const char c = bytes[at_];
    if (swallow_lf_) {
      swallow_lf_ = false;
      if (c == '\n') {
        ++at_;
        if (!open_) out_.on_no_event(SkipReason::kProtocolFraming, take_pending());
        continue;
      }
    }
    if (state_ == State::kBom) {
      if (c == kBom[bom_]) {
        ++at_;
        if (++bom_ == kBom.size()) state_ = State::kName;
        continue;
      }
      // A part of a byte order mark is the start of a name nobody knows.
      state_ = State::kName;
      for (std::size_t i = 0; i < bom_; ++i) name_byte(kBom[i]);
    }
    if (c == '\n' || c == '\r') {
      ++at_;
      swallow_lf_ = c == '\r';
      end_line();
    } else if (state_ == State::kName) {
      ++at_;
      name_byte(c);
    } else if (state_ == State::kSpace) {
      state_ = State::kValue;
      if (c == ' ') ++at_;
    } else {
      const std::size_t end = line_end(bytes);
      const Bytes value = bytes.substr(at_, end - at_);
      at_ = end;
      value_bytes(value);
    }
  }
  carried_ += at_ - mark_;
  at_ = mark_ = 0;
}

void SseParser::name_byte(char c) {
  line_empty_ = false;
  if (c == ':') {
    end_name();
    state_ = State::kSpace;
  } else {
    if (name_size_ < name_.size()) name_[name_size_] = c;
    ++name_size_;
  }
}

void SseParser::end_name() {
  const Bytes name = Bytes(name_.data(), std::min(name_size_, name_.size()));
  field_ = name == "data"    ? Field::kData
           : name == "event" ? Field::kEvent
           : name == "id"    ? Field::kId
                             : Field::kIgnored;
  word_.clear();
  if (field_ == Field::kData || field_ == Field::kEvent) open_ = true;
}

std::size_t SseParser::line_end(Bytes b) {
  if (next_lf_ <= at_) next_lf_ = std::min(b.find('\n', at_), b.size());
  if (next_cr_ <= at_) next_cr_ = std::min(b.find('\r', at_), b.size());
  return std::min(next_lf_, next_cr_);
}

void SseParser::value_bytes(Bytes b) {
  if (field_ == Field::kData) {
    if (dropped_) return;
    if (data_.size() + b.size() > limits_.max_message) {
      drop(SkipReason::kTooLarge);
    } else if (!data_.append(b)) {
      drop(SkipReason::kMemoryCap);
    }
  } else if (field_ != Field::kIgnored && word_.size() <= kMaxWord) {
    word_.append(b.substr(0, kMaxWord + 1 - word_.size()));
  }
}

void SseParser::drop(SkipReason why) {
  dropped_ = true;
  drop_reason_ = why;
  data_.clear();
}

void SseParser::end_line() {
  if (line_empty_) {
    dispatch();
    return;
  }
  if (state_ == State::kName) end_name();  // a line without a colon is a name with an empty value
  switch (field_) {
    case Field::kData:
      if (!dropped_ && !data_.append("\n")) drop(SkipReason::kMemoryCap);
      break;
    case Field::kEvent: event_.assign(word_, 0, kMaxWord); break;
    case Field::kId:
      if (word_.size() <= kMaxWord && word_.find('\0') == std::string::npos) id_ = word_;
      break;
    case Field::kIgnored: break;
  }
  state_ = State::kName;
  field_ = Field::kIgnored;
  name_size_ = 0;
  line_empty_ = true;
  // A keep-alive comment waits for nothing.
  if (!open_) out_.on_no_event(SkipReason::kProtocolFraming, take_pending());
}

void SseParser::dispatch() {
  state_ = State::kName;
  open_ = false;
  Bytes data = data_.view();
  if (!data.empty()) data.remove_suffix(1);
  if (dropped_) {
    out_.on_no_event(drop_reason_, take_pending());
  } else if (data.find_first_not_of(" \t\r\n") == Bytes::npos) {
    out_.on_no_event(SkipReason::kProtocolFraming, take_pending());
  } else {
    SseEvent e;
    e.event = event_.empty() ? Bytes("message") : Bytes(event_);
    e.id = id_;
    out_.on_event(e, data, take_pending());
  }
  data_.clear();
  event_.clear();
  dropped_ = false;
}

std::uint64_t SseParser::take_pending() {
  const std::uint64_t n = pending();
  carried_ = 0;
  mark_ = at_;
  return n;
}

void SseParser::finish() {
  const bool cut = open_ || !line_empty_;
  if (const std::uint64_t n = take_pending(); n != 0) {
    out_.on_no_event(dropped_ ? drop_reason_ : cut ? SkipReason::kUnfinished : SkipReason::kProtocolFraming, n);
  }
  reset();
}

void SseParser::lose_place(bool event_starts_next) {
  const std::string id = id_;
  reset();
  id_ = id;
  state_ = State::kName;
  if (event_starts_next) return;
  state_ = State::kValue;  // of a field nobody knows
  line_empty_ = false;
  open_ = true;
  drop(SkipReason::kUnfinished);
}

void SseParser::reset() {
  data_.clear();
  event_.clear();
  id_.clear();
  word_.clear();
  name_size_ = 0;
  state_ = State::kBom;
  field_ = Field::kIgnored;
  bom_ = 0;
  line_empty_ = true;
  swallow_lf_ = open_ = dropped_ = false;
  carried_ = 0;
  mark_ = at_;
}

}  // namespace mcpvigil::frame
