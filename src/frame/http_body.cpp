// SPDX-License-Identifier: Apache-2.0
#include "frame/http_body.h"

#include "frame/http_text.h"

namespace mcpvigil::frame {
namespace {

using Status = ContentDecoder::Status;

constexpr Bytes kBlanks = " \t\r\n";
constexpr Bytes kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void HttpBody::begin(const HttpHead& head, const HttpExchange& exchange) {
  exchange_ = &exchange;
  decoder_.reset();
  held_ = 0;
  if (is_event_stream_type(head.content_type)) {
    kind_ = Kind::kEvents;
    sse_.reset();
  } else if (is_json_type(head.content_type)) {
    kind_ = Kind::kJson;
  } else if (head.content_type.empty()) {
    kind_ = Kind::kUntyped;
  } else {
    kind_ = Kind::kSkip;
    skip_reason_ = SkipReason::kHttpOther;
    return;
  }
  if (!is_identity(head.content_encoding)) {
    decoder_ = make_content_decoder(head.content_encoding, limits_.budget);
    if (decoder_ == nullptr) drop(SkipReason::kBadEncoding);
  }
}

void HttpBody::add(std::uint64_t pos, Bytes bytes, Timestamp ts) {
  if (bytes.empty()) return;
  now_ = ts;
  piece_pos_ = pos;
  if (held_ == 0) mark(pos);
  held_ += bytes.size();
  if (kind_ == Kind::kSkip || kind_ == Kind::kNone) {
    skip_held(skip_reason_);
    return;
  }
  if (decoder_ == nullptr) {
    if (!take(bytes)) skip_held(skip_reason_);
    return;
  }
  switch (decoder_->decode(bytes, [this](Bytes plain) { return take(plain); })) {
    case Status::kOk: break;
    case Status::kBad: drop(SkipReason::kBadEncoding); break;
    case Status::kBomb: drop(SkipReason::kBomb); break;
    case Status::kMemory: drop(SkipReason::kMemoryCap); break;
    case Status::kStopped: break;  // take() said why
  }
  if (kind_ == Kind::kSkip) {
    decoder_.reset();
  } else if (kind_ == Kind::kEvents && sse_.pending() == 0) {
    // Compressed bytes cannot be told apart: they belong to the event they came with, or to none.
    skip_held(idle_reason_);
    idle_reason_ = SkipReason::kProtocolFraming;
  }
}

// False: the rest of the body is not wanted.
bool HttpBody::take(Bytes plain) {
  switch (kind_) {
    case Kind::kEvents: sse_.feed(plain); return true;
    case Kind::kUntyped: {
      const std::size_t i = plain.find_first_not_of(kBlanks);
      if (i != Bytes::npos) {
        if (plain[i] != '{' && plain[i] != '[') {
          drop(SkipReason::kHttpOther);
          return false;
        }
        kind_ = Kind::kJson;
      }
      return take_text(plain);
    }
    case Kind::kJson: return take_text(plain);
    case Kind::kNone:
    case Kind::kSkip: break;
  }
  return false;
}

bool HttpBody::take_text(Bytes plain) {
  if (text_.size() + plain.size() > limits_.max_message) {
    drop(decoder_ == nullptr ? SkipReason::kTooLarge : SkipReason::kBomb);
    return false;
  }
  if (!text_.append(plain)) {
    drop(SkipReason::kMemoryCap);
    return false;
  }
  return true;
}

void HttpBody::end(Timestamp ts) {
  now_ = ts;
  const bool cut = decoder_ != nullptr && !decoder_->finished() && held_ != 0;
  if (kind_ == Kind::kEvents) {
    sse_.finish();
    skip_held(cut ? SkipReason::kBadEncoding : idle_reason_);
  } else if (kind_ == Kind::kJson || kind_ == Kind::kUntyped) {
    Bytes text = text_.view();
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (cut) {
      skip_held(SkipReason::kBadEncoding);
    } else if (text.find_first_not_of(kBlanks) == Bytes::npos) {
      skip_held(SkipReason::kBlank);
    } else {
      Frame f;
      f.text = text;
      f.begin = begin_;
      f.wire_bytes = held_;
      f.first = first_;
      f.last = ts;
      f.after_gap = after_gap_;
      f.framing = Framing::kHttp1;
      f.http = exchange_;
      f.is_http_response = is_response_;
      after_gap_ = false;
      held_ = 0;
      out_.on_frame(f);
    }
  }
  abandon(skip_reason_);
}

void HttpBody::abandon(SkipReason why) {
  skip_held(why);
  text_.clear();
  sse_.reset();
  decoder_.reset();
  exchange_ = nullptr;
  kind_ = Kind::kNone;
  skip_reason_ = SkipReason::kHttpOther;
  idle_reason_ = SkipReason::kProtocolFraming;
}

void HttpBody::lose_event(bool event_starts_next) {
  skip_held(SkipReason::kUnfinished);
  sse_.lose_place(event_starts_next);
}

void HttpBody::drop(SkipReason why) {
  kind_ = Kind::kSkip;
  skip_reason_ = why;
  skip_held(why);
  text_.release();
}

void HttpBody::skip_held(SkipReason why) {
  if (held_ != 0) out_.on_skip(why, held_);
  held_ = 0;
}

void HttpBody::mark(std::uint64_t pos) {
  begin_ = pos;
  first_ = now_;
}

void HttpBody::on_event(const SseEvent& e, Bytes data, std::uint64_t stream_bytes) {
  Frame f;
  f.text = data;
  f.begin = begin_;
  f.wire_bytes = decoder_ == nullptr ? stream_bytes : held_;
  f.first = first_;
  f.last = now_;
  f.after_gap = after_gap_;
  f.framing = Framing::kSse;
  f.http = exchange_;
  f.sse = &e;
  f.is_http_response = is_response_;
  after_gap_ = false;
  held_ -= f.wire_bytes;
  if (decoder_ == nullptr) mark(piece_pos_ + sse_.offset());
  out_.on_frame(f);
}

void HttpBody::on_no_event(SkipReason why, std::uint64_t stream_bytes) {
  if (decoder_ != nullptr) {
    idle_reason_ = why;
    return;
  }
  held_ -= stream_bytes;
  out_.on_skip(why, stream_bytes);
  mark(piece_pos_ + sse_.offset());
}

}  // namespace mcpvigil::frame
