// SPDX-License-Identifier: Apache-2.0
// HttpExchanges: which response answers which request on one HTTP/1.1 connection.
//
// In order, as the protocol says. After bytes of the responses were lost, the requests before the last one are given
// up: clients do not pipeline in practice, so a client that sent another request had its answer. At most 1024 wait, with 1 MiB of header values.
#pragma once
#include <deque>
#include <memory>

#include "frame/http1_connection.h"
#include "frame/http_head.h"

namespace mcpvigil::frame {

// An exchange and how far it is. Kept alive by the lane that still reads one of its bodies.
struct OpenExchange {
  HttpExchange exchange;
  bool request_done = false;
  bool response_begun = false;
  bool response_done = false;
  bool complete = false;
  std::size_t kept = 0;  // bytes of header values
};
using ExchangePtr = std::shared_ptr<OpenExchange>;

class HttpExchanges {
 public:
  explicit HttpExchanges(HttpListener& out) : out_(out) {}

  [[nodiscard]] ExchangePtr open_request(HttpHead& head, Timestamp ts);
  void request_done(const ExchangePtr& e, Timestamp ts);

  // The method of the request that the next response answers; empty: not known.
  [[nodiscard]] std::string_view awaited_method(Timestamp ts);
  [[nodiscard]] ExchangePtr open_response(HttpHead& head, Timestamp ts);
  void response_done(const ExchangePtr& e, bool complete, Timestamp ts);
  void responses_lost() { uncertain_ = true; }

  void finish(HttpSide side, Timestamp ts);

 private:
  static constexpr std::size_t kMaxOpen = 1024;
  static constexpr std::size_t kMaxKept = 1U << 20;

  void add(const ExchangePtr& e, Timestamp ts);
  void count_kept(OpenExchange& e);
  [[nodiscard]] ExchangePtr awaited(Timestamp ts);
  void end_if_done(const ExchangePtr& e, Timestamp ts);
  void give_up(const ExchangePtr& e, Timestamp ts);
  void give_up_all(Timestamp ts);

  HttpListener& out_;
  std::deque<ExchangePtr> open_;
  std::uint64_t last_id_ = 0;
  std::size_t kept_ = 0;
  bool uncertain_ = false;
  bool responses_finished_ = false;
};

}  // namespace mcpvigil::frame
