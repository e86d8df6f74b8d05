// SPDX-License-Identifier: Apache-2.0
#include "frame/http_lane.h"

#include <algorithm>

namespace mcpvigil::frame {

struct HttpLane::Callbacks {
  static HttpLane& lane(llhttp_t* p) { return *static_cast<HttpLane*>(p->data); }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t s = [] {
      llhttp_settings_t c;
      llhttp_settings_init(&c);
      c.on_url = [](llhttp_t* p, const char* at, size_t n) {
        lane(p).head_.target_piece({at, n});
        return 0;
      };
      // Trailers come the same way; they are not headers of ours.
      c.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
        if (HttpLane& l = lane(p); !l.head_done_) l.head_.name_piece({at, n});
        return 0;
      };
      c.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
        if (HttpLane& l = lane(p); !l.head_done_) l.head_.value_piece({at, n});
        return 0;
      };
      c.on_header_value_complete = [](llhttp_t* p) { return lane(p).head_.end_of_header() ? 0 : -1; };
      c.on_headers_complete = [](llhttp_t* p) { return lane(p).on_headers_complete(); };
      c.on_body = [](llhttp_t* p, const char* at, size_t n) { return lane(p).on_body({at, n}); };
      c.on_message_complete = [](llhttp_t* p) { return lane(p).on_message_complete(); };
      return c;
    }();
    return s;
  }
};

HttpLane::HttpLane(HttpSide side, base::StreamLimits limits, HttpExchanges& exchanges, HttpListener& out)
    : side_(side), exchanges_(exchanges), out_(out), body_(limits, out, side == HttpSide::kResponses) {
  start_parser();
}

// A new parser for each message: what a message says about the connection's end does not bind us, we see what comes.
void HttpLane::start_parser() {
  llhttp_init(&parser_, side_ == HttpSide::kRequests ? HTTP_REQUEST : HTTP_RESPONSE, &Callbacks::settings());
  parser_.data = this;
  head_.start();
  head_done_ = message_done_ = false;
}

void HttpLane::skip(SkipReason why, std::uint64_t n) {
  if (n != 0) out_.on_skip(why, n);
}

void HttpLane::feed(std::uint64_t pos, Bytes bytes, Timestamp ts) {
  if (bytes.empty()) return;
  if (pos != next_pos_) gap(pos - next_pos_, ts);
  now_ = ts;
  next_pos_ = pos + bytes.size();
  pos_ = pos;
  std::string joined;
  if (!held_.empty()) {
    pos_ -= held_.size();
    joined.swap(held_);
    joined.append(bytes);
    bytes = joined;
  }
  while (!bytes.empty()) {
    const std::size_t n = step(bytes);
    pos_ += n;
    bytes.remove_prefix(n);
  }
}

std::size_t HttpLane::step(Bytes bytes) {
  switch (mode_) {
    case Mode::kSeek: return seek(bytes);
    case Mode::kParse: return parse(bytes);
    case Mode::kOpaque: skip(SkipReason::kHttpOther, bytes.size()); return bytes.size();
  }
  return bytes.size();
}

std::size_t HttpLane::seek(Bytes bytes) {
  HeadSearch s = find_head(bytes, side_ == HttpSide::kRequests ? HeadKind::kRequest : HeadKind::kStatus);
  if (side_ == HttpSide::kResponses && seek_reason_ == SkipReason::kUnfinished) {
    const HeadSearch event = find_event_chunk(bytes);
    if (event.found && event.at < s.at) {
      skip(seek_reason_, event.at);
      resume_events();
      return event.at;
    }
    if (event.at < s.at) s = event;
  }
  skip(seek_reason_, s.at);
  if (s.found) {
    if (exchange_ != nullptr) give_up(SkipReason::kUnfinished);  // the stream we hoped to take up again is over
    mode_ = Mode::kParse;
    start_parser();
    return s.at;
  }
  held_.assign(bytes.substr(s.at));
  return bytes.size();
}

std::size_t HttpLane::parse(Bytes bytes) {
  std::size_t n = bytes.size();
  if (!head_done_) n = std::min(n, static_cast<std::size_t>(kMaxHead + 1 - head_pending_));
  piece_ = bytes.data();
  body_in_piece_ = 0;
  const llhttp_errno_t err = llhttp_execute(&parser_, bytes.data(), n);
  std::size_t used = n;
  if (err != HPE_OK) used = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
  const std::uint64_t framing = head_pending_ + used - body_in_piece_;
  head_pending_ = 0;
  if (message_done_) {
    skip(SkipReason::kProtocolFraming, framing);
    start_parser();
    if (switched_) {
      mode_ = Mode::kOpaque;
    } else if (may_switch_) {
      // If the server agrees, what follows is not HTTP; if it does not, the next request is.
      mode_ = Mode::kSeek;
      seek_reason_ = SkipReason::kHttpOther;
      may_switch_ = false;
    }
    return used;
  }
  if (err != HPE_OK || (!head_done_ && framing > kMaxHead)) {
    skip(head_done_ ? SkipReason::kProtocolFraming : SkipReason::kMalformedHttp, framing);
    // Refused at its first byte: the seeker must not find the very same place.
    if (framing == 0 && !head_done_) {
      used = 1;
      skip(SkipReason::kMalformedHttp, 1);
    }
    lose_place(SkipReason::kMalformedHttp, SkipReason::kMalformedHttp);
    return used;
  }
  if (head_done_) {
    skip(SkipReason::kProtocolFraming, framing);
  } else {
    head_pending_ = framing;
  }
  return used;
}

// Abandons the message being read.
void HttpLane::give_up(SkipReason why) {
  skip(why, head_pending_);
  head_pending_ = 0;
  body_.abandon(why);
  if (side_ == HttpSide::kResponses) {
    exchanges_.responses_lost();
    if (exchange_ != nullptr) exchanges_.response_done(exchange_, false, now_);
  } else if (exchange_ != nullptr) {
    exchanges_.request_done(exchange_, now_);
  }
  exchange_ = nullptr;
}

void HttpLane::lose_place(SkipReason why, SkipReason while_seeking) {
  give_up(why);
  start_parser();
  mode_ = Mode::kSeek;
  seek_reason_ = while_seeking;
}

void HttpLane::gap(std::uint64_t n, Timestamp ts) {
  now_ = ts;
  next_pos_ += n;
  skip(mode_ == Mode::kParse ? SkipReason::kUnfinished : seek_reason_, held_.size());
  held_.clear();
  body_.mark_gap();
  if (mode_ == Mode::kOpaque) return;
  if (exchange_ != nullptr && body_.is_plain_event_stream() && (chunked_ || until_close_)) {
    // Event streams live for hours: one lost piece must not blind us for the rest.
    body_.lose_event(chunked_);  // if chunked, we look for the start of one
    if (chunked_) {
      mode_ = Mode::kSeek;
      seek_reason_ = SkipReason::kUnfinished;
    }
    return;
  }
  lose_place(SkipReason::kUnfinished, SkipReason::kUnfinished);
}

// llhttp cannot be put into the middle of a chunked body; a head of our own brings it there.
void HttpLane::resume_events() {
  constexpr Bytes kHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  if (exchange_ == nullptr) {  // met in its middle: its head is not known
    HttpHead head;
    head.content_type = "text/event-stream";
    exchange_ = exchanges_.open_response(head, now_);
    body_.begin(head, exchange_->exchange);
    chunked_ = true;
  }
  start_parser();
  headers_continue_ = true;
  llhttp_execute(&parser_, kHead.data(), kHead.size());
  headers_continue_ = false;
  mode_ = Mode::kParse;
}

void HttpLane::finish(Timestamp ts) {
  now_ = ts;
  skip(seek_reason_, held_.size());
  held_.clear();
  if (mode_ == Mode::kParse && head_done_) {
    llhttp_finish(&parser_);  // ends a body that lasts until the connection does
    if (message_done_) start_parser();
  }
  if (mode_ != Mode::kOpaque) lose_place(SkipReason::kUnfinished, SkipReason::kUnfinished);
}

void HttpLane::become_opaque() {
  if (mode_ == Mode::kOpaque) return;
  skip(SkipReason::kHttpOther, held_.size());
  held_.clear();
  give_up(SkipReason::kHttpOther);
  mode_ = Mode::kOpaque;
}

int HttpLane::on_headers_complete() {
  head_done_ = true;
  if (headers_continue_) return 0;
  chunked_ = (parser_.flags & F_CHUNKED) != 0;
  until_close_ = side_ == HttpSide::kResponses && !chunked_ && (parser_.flags & F_CONTENT_LENGTH) == 0;
  HttpHead& head = head_.head();
  head.upgrade = parser_.upgrade != 0;
  return side_ == HttpSide::kRequests ? request_head() : response_head();
}

int HttpLane::request_head() {
  HttpHead& head = head_.head();
  head.method = llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
  may_switch_ = head.upgrade;
  exchange_ = exchanges_.open_request(head, now_);
  body_.begin(head, exchange_->exchange);
  return 0;
}

int HttpLane::response_head() {
  constexpr int kNoBody = 1;
  HttpHead& head = head_.head();
  head.status = parser_.status_code;
  const std::string_view method = exchanges_.awaited_method(now_);
  const bool head_request = method == "HEAD";
  switched_ = head.status == 101 || (method == "CONNECT" && head.status / 100 == 2);
  if (head.status / 100 == 1 && !switched_) return kNoBody;  // interim: the response is still to come
  exchange_ = exchanges_.open_response(head, now_);
  body_.begin(head, exchange_->exchange);
  const bool bodyless = switched_ || head_request || head.status == 204 || head.status == 304;
  return bodyless ? kNoBody : 0;
}

int HttpLane::on_body(Bytes b) {
  body_in_piece_ += b.size();
  body_.add(pos_ + static_cast<std::uint64_t>(b.data() - piece_), b, now_);
  return 0;
}

int HttpLane::on_message_complete() {
  message_done_ = true;
  body_.end(now_);
  if (exchange_ != nullptr) {
    if (side_ == HttpSide::kRequests) {
      exchanges_.request_done(exchange_, now_);
    } else {
      exchanges_.response_done(exchange_, true, now_);
    }
    exchange_ = nullptr;
  }
  return HPE_PAUSED;  // a new parser for the next message
}

}  // namespace mcpvigil::frame
