// SPDX-License-Identifier: Apache-2.0
#include "frame/http_exchanges.h"

#include <algorithm>

namespace mcpvigil::frame {

// Room for one more: a client that never reads its answers costs no more than this.
void HttpExchanges::add(const ExchangePtr& e, Timestamp ts) {
  while (!open_.empty() && (open_.size() >= kMaxOpen || kept_ > kMaxKept)) give_up(open_.front(), ts);
  open_.push_back(e);
}

void HttpExchanges::count_kept(OpenExchange& e) {
  const HttpExchange& x = e.exchange;
  std::size_t n = 0;
  for (const std::string* s : {&x.target, &x.host, &x.origin, &x.session_id, &x.response_session_id,
                               &x.protocol_version, &x.mcp_method, &x.mcp_name, &x.last_event_id, &x.user_agent,
                               &x.content_type, &x.response_content_type, &x.www_authenticate, &x.location}) {
    n += s->size();
  }
  kept_ += n - e.kept;
  e.kept = n;
}

ExchangePtr HttpExchanges::open_request(HttpHead& head, Timestamp ts) {
  auto e = std::make_shared<OpenExchange>();
  HttpExchange& x = e->exchange;
  x.id = ++last_id_;
  x.request_seen = true;
  x.method = std::move(head.method);
  x.target = std::move(head.target);
  x.host = std::move(head.host);
  x.origin = std::move(head.origin);
  x.session_id = std::move(head.session_id);
  x.protocol_version = std::move(head.protocol_version);
  x.mcp_method = std::move(head.mcp_method);
  x.mcp_name = std::move(head.mcp_name);
  x.last_event_id = std::move(head.last_event_id);
  x.user_agent = std::move(head.user_agent);
  x.content_type = head.content_type;
  x.has_authorization = head.has_authorization;
  add(e, ts);
  count_kept(*e);
  out_.on_request_head(x, ts);
  return e;
}

void HttpExchanges::request_done(const ExchangePtr& e, Timestamp ts) {
  e->request_done = true;
  end_if_done(e, ts);
}

ExchangePtr HttpExchanges::awaited(Timestamp ts) {
  if (uncertain_) {
    uncertain_ = false;
    ExchangePtr last;
    for (const ExchangePtr& e : open_) {
      if (!e->response_begun) last = e;
    }
    const std::deque<ExchangePtr> all = open_;
    for (const ExchangePtr& e : all) {
      if (e != last && !e->response_begun) give_up(e, ts);
    }
  }
  const auto it = std::ranges::find_if(open_, [](const ExchangePtr& e) { return !e->response_begun; });
  return it == open_.end() ? nullptr : *it;
}

std::string_view HttpExchanges::awaited_method(Timestamp ts) {
  const ExchangePtr e = awaited(ts);
  return e == nullptr ? std::string_view{} : std::string_view(e->exchange.method);
}

ExchangePtr HttpExchanges::open_response(HttpHead& head, Timestamp ts) {
  ExchangePtr e = awaited(ts);
  if (e == nullptr) {
    e = std::make_shared<OpenExchange>();
    e->exchange.id = ++last_id_;
    e->request_done = true;
    add(e, ts);
  }
  e->response_begun = true;
  HttpExchange& x = e->exchange;
  x.status = head.status;
  x.response_session_id = std::move(head.session_id);
  if (x.session_id.empty()) x.session_id = x.response_session_id;
  x.response_content_type = head.content_type;
  x.www_authenticate = std::move(head.www_authenticate);
  x.location = std::move(head.location);
  count_kept(*e);
  out_.on_response_head(x, ts);
  return e;
}

void HttpExchanges::response_done(const ExchangePtr& e, bool complete, Timestamp ts) {
  e->response_done = true;
  e->complete = complete;
  end_if_done(e, ts);
}

void HttpExchanges::end_if_done(const ExchangePtr& e, Timestamp ts) {
  if (!e->request_done || !e->response_done) return;
  const auto it = std::ranges::find(open_, e);
  if (it == open_.end()) return;
  open_.erase(it);
  kept_ -= e->kept;
  out_.on_exchange_end(e->exchange, e->complete, ts);
}

void HttpExchanges::give_up(const ExchangePtr& entry, Timestamp ts) {
  const ExchangePtr e = entry;  // `entry` may be an element of open_
  e->request_done = e->response_begun = e->response_done = true;
  end_if_done(e, ts);
}

void HttpExchanges::give_up_all(Timestamp ts) {
  while (!open_.empty()) give_up(open_.front(), ts);
}

void HttpExchanges::finish(HttpSide side, Timestamp ts) {
  if (side == HttpSide::kResponses) {
    responses_finished_ = true;
    const std::deque<ExchangePtr> all = open_;
    for (const ExchangePtr& e : all) {
      // One whose request is still being read ends with it.
      e->response_begun = e->response_done = true;
      end_if_done(e, ts);
    }
  } else if (responses_finished_) {
    give_up_all(ts);
  }
}

}  // namespace mcpvigil::frame
