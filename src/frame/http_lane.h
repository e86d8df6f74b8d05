// SPDX-License-Identifier: Apache-2.0
// HttpLane: one direction of an HTTP/1.1 connection, cut into messages by llhttp. Finds its place again by itself when
// it was lost: at the start, after a gap, after anything llhttp refuses.
#pragma once
#include <llhttp.h>

#include <memory>

#include "frame/http_body.h"
#include "frame/http_exchanges.h"
#include "frame/http_seek.h"

namespace mcpvigil::frame {

class HttpLane {
 public:
  // Beyond this a head is refused: servers refuse at 8 to 80 KiB.
  static constexpr std::size_t kMaxHead = 64U << 10;

  HttpLane(HttpSide side, base::StreamLimits limits, HttpExchanges& exchanges, HttpListener& out);

  void feed(std::uint64_t pos, Bytes bytes, Timestamp ts);
  void gap(std::uint64_t n, Timestamp ts);
  void finish(Timestamp ts);
  // The connection speaks another protocol from here on.
  void become_opaque();
  // The last response switched protocols.
  [[nodiscard]] bool switched() const { return switched_; }
  [[nodiscard]] std::uint64_t buffered() const { return held_.size() + head_pending_ + body_.buffered(); }

 private:
  enum class Mode : std::uint8_t {
    kSeek,    // looking for a head, or for the next event of a stream that lost bytes
    kParse,   // llhttp reads
    kOpaque,  // not HTTP any more
  };
  struct Callbacks;  // from llhttp's C interface to the members below

  [[nodiscard]] std::size_t step(Bytes bytes);
  [[nodiscard]] std::size_t seek(Bytes bytes);
  [[nodiscard]] std::size_t parse(Bytes bytes);
  void start_parser();
  void resume_events();
  void give_up(SkipReason why);
  void lose_place(SkipReason why, SkipReason while_seeking);
  void skip(SkipReason why, std::uint64_t n);

  int on_headers_complete();
  int on_body(Bytes b);
  int on_message_complete();
  int request_head();
  int response_head();

  HttpSide side_;
  HttpExchanges& exchanges_;
  HttpListener& out_;
  HttpBody body_;
  HttpHeadCollector head_;
  // Of the message being read; null between messages and for interim responses. While seeking: of the event stream
  // that is to be taken up again.
  ExchangePtr exchange_;
  llhttp_t parser_{};
  Mode mode_ = Mode::kSeek;
  SkipReason seek_reason_ = SkipReason::kMalformedHttp;
  std::string held_;            // while seeking: the start of a line that may be a head
  std::uint64_t pos_ = 0;       // of the next byte to read
  std::uint64_t next_pos_ = 0;  // of the next byte to be fed
  Timestamp now_;
  std::uint64_t head_pending_ = 0;   // bytes of a head that is not complete
  std::uint64_t body_in_piece_ = 0;  // of what llhttp is reading, the bytes given to body_
  const char* piece_ = nullptr;      // what llhttp is reading
  bool head_done_ = false;
  bool message_done_ = false;
  bool headers_continue_ = false;  // the head llhttp reads is our own (resume_events)
  bool chunked_ = false;
  bool until_close_ = false;  // the body of a response lasts until the connection ends
  bool may_switch_ = false;   // a request that asks for another protocol was read
  bool switched_ = false;
};

}  // namespace mcpvigil::frame
