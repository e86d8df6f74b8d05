// SPDX-License-Identifier: Apache-2.0
// Which session does a message belong to?
#include <utility>

#include "session/http_keys.h"
#include "session/sessions_state.h"

namespace mcpvigil::session {
namespace {

bool is_answer(const Observed& o) {
  return o.message->kind == jsonrpc::Kind::kResponse || o.message->kind == jsonrpc::Kind::kError;
}

// Could this answer be to that method? Only shapes that are certain say no.
bool fits(std::string_view method, const mcp::Operation& answer) {
  if (answer.kind == jsonrpc::Kind::kError) return true;
  if (answer.tools) return method == "tools/list";
  if (!answer.server.name.empty() && answer.era == mcp::Era::kLegacy) return method == "initialize";
  return true;
}

struct Candidate {
  Binding binding;
  int score = 0;
  std::uint64_t age = 0;  // of the request, or of the session
  void offer(Session& s, int sender_end, int its_score, std::uint64_t its_age) {
    if (its_score < score || (its_score == score && binding.session != nullptr && its_age >= age)) return;
    binding = {&s, sender_end};
    score = its_score;
    age = its_age;
  }
};

}  // namespace

Binding Sessions::State::resolve(const Logical& l) {
  return l.seen->http != nullptr ? resolve_http(l) : resolve_stream(l);
}

// The session of a stream's lane, if there is one; changes nothing.
Binding Sessions::State::find_stream(LaneKey lane, bool pairs, const Peer& from, const Peer& to, const Observed& o) {
  const bool answer = is_answer(o);
  const jsonrpc::Id& id = o.message->id;
  Binding bound = table.lane(lane);
  Binding back = table.lane({lane.channel, stream::other(lane.lane)});
  if (back.session != nullptr) return bound.session != nullptr ? bound : Binding{back.session, 1 - back.sender_end};
  if (!pairs) return bound;
  if (bound.session != nullptr) {
    if (!answer || calls.find(*bound.session, 1 - bound.sender_end, id) != nullptr) return bound;
  }
  // The other pipe of a pair: same two processes, and no pipe in this direction yet. For an answer, a request that
  // waits for it counts most; it may even come from a session whose reader is somebody else (a relay's far side).
  Candidate best;
  auto consider = [&](Session& s) {
    for (int e = 0; e < 2; ++e) {
      const Peer& mine = s.end[static_cast<std::size_t>(e)];
      const Peer& theirs = s.end[static_cast<std::size_t>(1 - e)];
      bool from_fits = from.process.known() && mine.process == from.process;
      bool to_fits = to.process.known() && theirs.process == to.process;
      bool from_open = !from.process.known() || !mine.process.known();
      bool to_open = !to.process.known() || !theirs.process.known();
      const Pending* request = answer ? calls.find(s, 1 - e, id) : nullptr;
      if (request != nullptr && request->settled) request = nullptr;
      if (bound.session != nullptr && (request == nullptr || &s == bound.session)) continue;
      bool taken = bound.session == nullptr && table.has_lane_from(s, e);
      int score = 0;
      if (from_fits && to_fits)
        score = 4;
      else if ((from_fits && to_open) || (to_fits && from_open))
        score = 2;
      else if (from_fits && request != nullptr)
        score = 1;
      if (score == 0 || (taken && request == nullptr)) continue;
      if (taken) score = 1;
      if (request != nullptr) score += fits(request->method, *o.operation) ? 16 : 8;
      best.offer(s, e, score, request != nullptr ? request->number : s.number);
    }
  };
  for (Session* s : table.of_process(from.process)) consider(*s);
  for (Session* s : table.of_process(to.process)) consider(*s);
  return best.binding.session != nullptr ? best.binding : bound;
}

Binding Sessions::State::resolve_stream(const Logical& l) {
  const Observed& o = *l.seen;
  Binding b;
  for (const LaneKey& lane : l.lanes) {
    b = find_stream(lane, comes_in_pairs(*o.channel), l.from, l.to, o);
    if (b.session != nullptr) break;
  }
  if (b.session == nullptr) b = {&open_session(o.first, false, l.from, l.to), 0};
  for (const LaneKey& lane : l.lanes) {
    Binding before = table.lane(lane);
    if (before.session == b.session) continue;
    if (before.session != nullptr && l.relays.empty()) {
      // Two sessions between the same processes, their return pipes taken for each other's.
      table.swap_lanes(*before.session, before.sender_end, *b.session, b.sender_end);
    } else {
      table.bind_lane(lane, *b.session, b.sender_end);
    }
  }
  extend_ends(*b.session, b.sender_end, l);
  return b;
}

void Sessions::State::extend_ends(Session& s, int from_end, const Logical& l) {
  const bool relayed = !l.relays.empty();
  auto better = [&](int end, const Peer& p) {
    const Peer& mine = s.end[static_cast<std::size_t>(end)];
    if (p == mine || !p.known()) return;
    if (relayed || !mine.process.known()) table.set_end(s, end, p);
  };
  better(from_end, l.from);
  better(1 - from_end, l.to);
  if (relayed) {
    s.relays.assign(l.relays.begin(), l.relays.end());
    if (from_end != s.client_end) s.relays.assign(l.relays.rbegin(), l.relays.rend());
  }
}

Binding Sessions::State::resolve_http(const Logical& l) {
  const Observed& o = *l.seen;
  const int from_end = o.is_http_response ? 1 : 0;
  const std::uint64_t exchange = o.http->id;
  Binding b = table.exchange(o.channel->id, exchange);
  if (b.session == nullptr) {
    Peer sender = sender_of(o), receiver = receiver_of(o);
    Session& s = o.is_http_response ? http_session(l, receiver, sender) : http_session(l, sender, receiver);
    table.bind_exchange(o.channel->id, exchange, s);
    b.session = &s;
  }
  b.sender_end = from_end;
  if (o.is_http_response) adopt_session_id(*b.session, *o.http);
  for (const LaneKey& lane : l.lanes) {
    if (lane.channel != o.channel->id) table.bind_lane(lane, *b.session, from_end);  // the stdio side of a bridge
  }
  extend_ends(*b.session, from_end, l);
  return b;
}

Session& Sessions::State::http_session(const Logical& l, const Peer& client, const Peer& server) {
  const Observed& o = *l.seen;
  const frame::HttpExchange& e = *o.http;
  const std::string authority = authority_of(e, server);
  auto open = [&](bool conversation) -> Session& {
    Session& s = open_session(o.first, true, client, server);
    s.scheme = o.channel->tls ? "https" : "http";
    s.authority = authority;
    s.path = e.target.substr(0, e.target.find_first_of("?#"));
    s.conversation = conversation;
    return s;
  };
  if (!e.session_id.empty()) {
    std::string key = session_key(authority, e.session_id);
    if (Session* s = table.by_key(key)) return *s;
    Session& s = open(false);
    table.set_key(std::move(key), s);
    return s;
  }
  std::string sse = sse_key(authority, e.target);
  if (Session* s = table.by_key(sse)) return *s;
  std::string conversation = conversation_key(client, authority);
  Session* known = table.by_key(conversation);
  if (known != nullptr && known->conversation && now.ns - known->last.ns > limits.conversation_idle_ns) {
    close_session(*known, "unanswered", o.first);
    known = nullptr;
  }
  if (names_sse_session(e.target)) {
    // HTTP+SSE whose `endpoint` event we missed. Its answers come on a GET that names nothing: the same client's
    // next best key has to do.
    Session& s = open(false);
    table.set_key(std::move(sse), s);
    if (known == nullptr) table.set_key(std::move(conversation), s);
    return s;
  }
  bool handshake = o.operation->method == "initialize";  // a session begins, whatever came before
  if (known != nullptr && !handshake) return *known;
  Session& s = open(true);
  table.set_key(std::move(conversation), s);
  return s;
}

void Sessions::State::adopt_session_id(Session& s, const frame::HttpExchange& e) {
  if (e.response_session_id.empty()) return;
  table.set_key(session_key(s.authority, e.response_session_id), s);
  if (!s.conversation) return;
  s.conversation = false;  // it has a name of its own now
  table.drop_key(conversation_key(s.end[0], s.authority), s);
}

// The onward copy of a request whose hold had ended. Only on lanes known to carry copies, and only while it waits for
// its answer: the call then names the whole chain.
bool Sessions::State::absorb_late_copy(const Observed& o) {
  if (o.http != nullptr || o.message->kind != jsonrpc::Kind::kRequest) return false;
  Binding b = table.lane(lane_of(o));
  if (b.session == nullptr) return false;
  Pending* p = calls.find(*b.session, b.sender_end, o.message->id);
  if (p == nullptr || p->settled || !p->digest || p->channel == o.channel->id) return false;
  Peer sender = sender_of(o);
  if (!same_process(p->to, sender) || HopHold::digest_of(*o.message) != *p->digest) return false;
  p->relays.push_back(p->to);
  p->to = receiver_of(o);
  return true;
}

}  // namespace mcpvigil::session
