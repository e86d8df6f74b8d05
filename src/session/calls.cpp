// SPDX-License-Identifier: Apache-2.0
// Requests and their answers: pairing, correlation, outcomes.
#include <string>

#include "session/sessions_state.h"

namespace mcpvigil::session {
namespace {

std::string id_text(const jsonrpc::Id& id) {
  if (id.type == jsonrpc::Id::Type::kString) return id.text;  // servers print a number's id as text at times
  std::string out;
  id.append_json(out);
  return out;
}

std::string progress_key(int asked_by, const jsonrpc::Id& token) {
  std::string out(1, asked_by == 0 ? '0' : '1');
  token.append_json(out);
  return out;
}

std::string retry_key(std::string_view method, std::string_view tool, std::string_view prompt, std::string_view uri,
                      std::string_view state) {
  std::string out(method);
  for (std::string_view part : {tool, prompt, uri, state}) {
    out.push_back('\n');
    out.append(part);
  }
  return out;
}

// "00-<32 hex>-<16 hex>-01" -> the 32 hex, unless it is not one.
std::string_view trace_id(std::string_view traceparent) {
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-') return {};
  std::string_view id = traceparent.substr(3, 32);
  bool zero = true;
  for (char c : id) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return {};
    zero &= c == '0';
  }
  return zero ? std::string_view{} : id;
}

std::string_view outcome_of(const Pending& request, const mcp::Operation& op) {
  if (op.kind == jsonrpc::Kind::kError) return "error";
  if (op.result_type == "input_required") return "input_required";
  if (op.result_type == "task" || (!op.task_id.empty() && !request.method.starts_with("tasks/"))) return "task";
  return op.is_tool_error ? "tool_error" : "ok";
}

}  // namespace

std::string Sessions::State::next_correlation(Session& s) { return "c-" + std::to_string(s.next_correlation++); }

// What binds the protocol's own pieces together comes first, then what the application says (its trace).
std::string Sessions::State::correlation_for(Session& s, const mcp::Operation& op, int from_end) {
  std::string_view known;
  if (op.kind == jsonrpc::Kind::kRequest && (op.has_input_responses || !op.request_state.empty())) {
    known = s.links.find(Links::Kind::kRetry, retry_key(op.method, op.tool, op.prompt, op.uri, op.request_state));
  }
  if (known.empty() && !op.task_id.empty()) known = s.links.find(Links::Kind::kTask, op.task_id);
  if (op.kind == jsonrpc::Kind::kNotification) {
    if (known.empty() && op.subscription) known = s.links.find(Links::Kind::kSubscription, id_text(*op.subscription));
    if (known.empty() && op.progress_token) {
      known = s.links.find(Links::Kind::kProgress, progress_key(1 - from_end, *op.progress_token));
    }
  }
  if (known.empty()) known = trace_id(op.traceparent);
  return known.empty() ? next_correlation(s) : std::string(known);
}

void Sessions::State::make_room_for_request() {
  while (Pending* oldest = calls.victim()) {
    if (!oldest->settled) {
      ++counters.requests_evicted;
      emit_call(*oldest, "evicted", now, 0);
    }
    calls.erase(*oldest);
  }
}

void Sessions::State::on_request(Session& s, int from_end, const Logical& l, MessageRecord& r) {
  const Observed& o = *l.seen;
  const mcp::Operation& op = *o.operation;
  const bool from_client = r.client_to_server;
  const std::uint64_t exchange = o.http != nullptr ? o.http->id : 0;
  std::string correlation = correlation_for(s, op, from_end);
  r.correlation_id = correlation;
  if (o.message->id.usable()) {
    // The same id again while the first is open: the first can no longer be answered for certain. On HTTP another
    // exchange may use it, several clients in one process count from 1.
    Pending* twin = calls.find(s, from_end, o.message->id, o.channel->id, exchange);
    if (twin == nullptr && o.http == nullptr) twin = calls.find(s, from_end, o.message->id);
    if (twin != nullptr) {
      if (!twin->settled) {
        emit_call(*twin, "unanswered", o.first, 0);
        finding(s, o.first, "id_reuse", "low", from_client ? "client" : "server",
                std::string("the ") + (from_client ? "client" : "server") + " used request id " +
                    id_text(o.message->id).substr(0, 120) + " again before its first use was answered",
                correlation);
      }
      calls.erase(*twin);
    }
    make_room_for_request();
    Pending p;
    p.from_end = from_end;
    p.id = bounded_id(o.message->id);
    p.channel = o.channel->id;
    p.exchange = exchange;
    p.ts = o.first;
    p.method = op.method.substr(0, 256);
    p.tool = op.tool.substr(0, 1024);
    p.prompt = op.prompt.substr(0, 1024);
    p.uri = op.uri.substr(0, 4096);
    p.request_state = op.request_state.substr(0, 4096);
    p.correlation = correlation;
    p.protocol_version = r.protocol_version;
    p.transport_kind = r.transport.kind;
    p.framing = r.transport.framing;
    p.tls = r.transport.tls;
    p.era = r.era;
    p.from = l.from;
    p.to = l.to;
    p.relays.assign(l.relays.begin(), l.relays.end());
    p.bytes = o.bytes;
    p.oddities = r.oddities;
    p.gap = o.gap;
    p.partial = r.coverage != "full";
    p.digest = l.digest;
    p.first_page = !o.message->params || jsonrpc::string_at(*o.message->params, "cursor").empty();
    calls.add(s, std::move(p));
    if (op.progress_token) s.links.add(Links::Kind::kProgress, progress_key(from_end, *op.progress_token), correlation);
    if (op.method == "subscriptions/listen")
      s.links.add(Links::Kind::kSubscription, id_text(o.message->id), correlation);
  }
  out.on_record(r);
  take_claims(s, from_client, l);
  message_findings(s, l, r);
  feed_parties(s, r);
}

void Sessions::State::on_notification(Session& s, int from_end, const Logical& l, MessageRecord& r) {
  const Observed& o = *l.seen;
  const mcp::Operation& op = *o.operation;
  Pending* cancelled = nullptr;
  if (op.method == "notifications/cancelled" && op.cancelled_id) {
    cancelled = calls.find(s, from_end, *op.cancelled_id);
    if (cancelled == nullptr) {
      // A server may end a subscription, and nothing else of the client's.
      cancelled = calls.find(s, 1 - from_end, *op.cancelled_id);
      if (cancelled != nullptr && cancelled->method != "subscriptions/listen") cancelled = nullptr;
    }
  }
  std::string correlation = cancelled != nullptr ? cancelled->correlation : correlation_for(s, op, from_end);
  r.correlation_id = correlation;
  if (cancelled != nullptr) r.tool = cancelled->tool;
  out.on_record(r);
  take_claims(s, r.client_to_server, l);
  message_findings(s, l, r);
  if (cancelled != nullptr && !cancelled->settled) {
    emit_call(*cancelled, "cancelled", o.last, 0);
    cancelled->settled = true;  // an answer on its way still finds it
  }
  feed_parties(s, r);
}

// The request of an answer in this session: by exchange, then, for streams that were resumed elsewhere and for answers
// sent by POST, by session.
Pending* Sessions::State::find_request(const Observed& o, const Session& s, int from_end) {
  const jsonrpc::Id& id = o.message->id;
  if (!id.usable()) return nullptr;
  if (o.http == nullptr) return calls.find(s, 1 - from_end, id);
  if (Pending* own = calls.find(s, 1 - from_end, id, o.channel->id, o.http->id)) return own;
  // A POST's response answers that POST alone.
  if (o.is_http_response && o.http->request_seen && o.http->method == "POST") return nullptr;
  return calls.find(s, 1 - from_end, id);
}

Pending* Sessions::State::expected_by(const Observed& o) {
  Binding b;
  if (o.http != nullptr) {
    b = table.exchange(o.channel->id, o.http->id);
    b.sender_end = o.is_http_response ? 1 : 0;
  } else {
    b = find_stream(lane_of(o), comes_in_pairs(*o.channel), sender_of(o), receiver_of(o), o);
  }
  return b.session == nullptr ? nullptr : find_request(o, *b.session, b.sender_end);
}

void Sessions::State::on_answer(Session& s, int from_end, const Logical& l, MessageRecord& r) {
  const Observed& o = *l.seen;
  const mcp::Operation& op = *o.operation;
  Pending* request = find_request(o, s, from_end);
  std::string correlation;
  if (request != nullptr) {
    correlation = request->correlation;
    r.method = request->method;
    r.tool = request->tool;
    if (request->era != mcp::Era::kUnknown) r.era = request->era;
    if (!l.relays.empty() && request->relays.empty()) request->relays.assign(l.relays.rbegin(), l.relays.rend());
    // The request may have gone by before its reader was known.
    if (!request->to.known()) request->to = l.from;
  } else {
    ++counters.unmatched_answers;
    r.unmatched = true;
    correlation = correlation_for(s, op, from_end);
  }
  r.correlation_id = correlation;
  out.on_record(r);
  take_claims(s, r.client_to_server, l);
  message_findings(s, l, r);
  if (request == nullptr) {
    feed_parties(s, r);
    feed_tools(s, nullptr, o);
    return;
  }
  if (!request->settled) {
    std::string_view outcome = outcome_of(*request, op);
    emit_call(*request, outcome, o.last, o.bytes, op.error_code, op.error_message);
    if (outcome == "input_required") {
      s.links.add(Links::Kind::kRetry,
                  retry_key(request->method, request->tool, request->prompt, request->uri, op.request_state),
                  correlation);
    }
    if (outcome == "task") s.links.add(Links::Kind::kTask, std::string(op.task_id), correlation);
    feed_parties(s, r);
    feed_tools(s, request, o);
    feed_call(s, *request, o.last);
    bool arrived = request->relays.empty() || !request->from.process.known() || same_process(l.to, request->from);
    if (!arrived) {
      request->settled = true;  // its copy to the client may still come
      return;
    }
  }
  calls.erase(*request);
}

void Sessions::State::emit_call(Pending& p, std::string_view outcome, base::Timestamp ts, std::uint64_t response_bytes,
                                std::int64_t error_code, std::string_view error_message) {
  Session& s = *p.session;
  const bool from_client = p.from_end == s.client_end;
  CallRecord c;
  MessageRecord& m = c.message;
  m.ts = p.ts;
  m.session_id = s.id;
  m.correlation_id = p.correlation;
  m.transport = {p.transport_kind, p.framing, p.tls};
  m.client = view(s, from_client ? p.from : p.to, true);
  m.server = view(s, from_client ? p.to : p.from, false);
  for (std::size_t i = 0; i < p.relays.size(); ++i) {
    m.hops.push_back(hop_view(p.relays[from_client ? i : p.relays.size() - 1 - i]));
  }
  m.era = p.era;
  m.protocol_version = p.protocol_version.empty() ? std::string_view(s.protocol_version) : p.protocol_version;
  m.client_to_server = from_client;
  m.kind = jsonrpc::Kind::kRequest;
  m.method = p.method;
  m.tool = p.tool;
  m.id = p.id;
  m.bytes = p.bytes;
  m.gap = p.gap;
  m.oddities = p.oddities;
  m.coverage = p.partial ? "partial" : "full";
  c.answered = ts;
  c.latency_ns = ts > p.ts ? ts.ns - p.ts.ns : 0;
  c.outcome = outcome;
  c.error_code = error_code;
  c.error_message = error_message.substr(0, 4096);
  c.request_bytes = p.bytes;
  c.response_bytes = response_bytes;
  ++s.calls;
  ++counters.calls;
  out.on_record(c);
}

}  // namespace mcpvigil::session
