// SPDX-License-Identifier: Apache-2.0
// What HTTP says beside its messages: sessions that begin, end, or die; answers that will not come.
#include <string>

#include "session/http_keys.h"
#include "session/sessions_state.h"

namespace mcpvigil::session {

void Sessions::State::on_response_head(const stream::Channel& c, const frame::HttpExchange& e, base::Timestamp ts) {
  if (Binding b = table.exchange(c.id, e.id); b.session != nullptr) adopt_session_id(*b.session, e);
  if (e.method != "DELETE" || e.session_id.empty() || e.status < 200 || e.status > 299) return;
  // Ends of a channel: a connected, so b is the server.
  std::string authority = authority_of(e, peer_of(c.b, {}));
  if (Session* s = table.by_key(session_key(authority, e.session_id))) close_session(*s, "unanswered", ts);
}

void Sessions::State::on_exchange_end(const stream::Channel& c, const frame::HttpExchange& e, bool complete,
                                      base::Timestamp ts) {
  Binding b = table.exchange(c.id, e.id);
  if (b.session == nullptr || hold.holds_answer_of(c.id, e.id)) return;
  Session& s = *b.session;
  table.end_exchange(c.id, e.id);
  for (auto it = s.pending.begin(); it != s.pending.end();) {
    Pending& p = *it++;
    if (p.settled || p.channel != c.id || p.exchange != e.id || p.from_end != 0) continue;
    if (e.status >= 400) {
      emit_call(p, "error", ts, 0, e.status, "HTTP " + std::to_string(e.status));
    } else if (p.era == mcp::Era::kStateless) {
      // Closing the response stream is how a modern client cancels; a stream that ended by itself forgot the answer.
      emit_call(p, complete ? "unanswered" : "cancelled", ts, 0);
    } else {
      continue;  // legacy: may be answered on another stream (HTTP+SSE), or resumed by GET
    }
    calls.erase(p);
  }
  if (e.status == 404 && !s.conversation && !e.session_id.empty()) close_session(s, "unanswered", ts);
}

void Sessions::State::on_sse_endpoint(const stream::Channel& c, const frame::HttpExchange& e, std::string_view endpoint,
                                      base::Timestamp ts) {
  while (!endpoint.empty() && (endpoint.back() == '\n' || endpoint.back() == '\r' || endpoint.back() == ' ')) {
    endpoint.remove_suffix(1);
  }
  if (endpoint.empty() || endpoint.size() > 8192 || table.exchange(c.id, e.id).session != nullptr) return;
  Peer client = peer_of(c.a, {}), server = peer_of(c.b, {});
  std::string authority = authority_of(e, server);
  std::string key = sse_key(authority, endpoint);
  Session* s = table.by_key(key);
  if (s == nullptr) {
    s = &open_session(ts, true, client, server);
    s->scheme = c.tls ? "https" : "http";
    s->authority = authority;
    s->path = e.target.substr(0, e.target.find_first_of("?#"));
    table.set_key(std::move(key), *s);
  }
  table.bind_exchange(c.id, e.id, *s);
}

}  // namespace mcpvigil::session
