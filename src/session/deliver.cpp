// SPDX-License-Identifier: Apache-2.0
// One logical message, from its session to its records.
#include "session/sessions_state.h"

namespace mcpvigil::session {

void Sessions::State::deliver(const Logical& l) {
  const Observed& o = *l.seen;
  Binding b = resolve(l);
  Session& s = *b.session;
  table.touch(s, o.last);
  ++s.messages;
  ++counters.messages;
  decide_roles(s, b.sender_end, o);
  const bool from_client = b.sender_end == s.client_end;
  s.answered |= b.sender_end == 1;
  keep_party(s, l.from, o.first);
  for (const Peer& p : l.relays) keep_party(s, p, o.first);
  keep_party(s, l.to, o.first);
  take_era(s, o);
  MessageRecord r;
  identify(s);
  fill(r, s, l, from_client);
  switch (o.message->kind) {
    case jsonrpc::Kind::kRequest: on_request(s, b.sender_end, l, r); break;
    case jsonrpc::Kind::kNotification: on_notification(s, b.sender_end, l, r); break;
    case jsonrpc::Kind::kResponse:
    case jsonrpc::Kind::kError: on_answer(s, b.sender_end, l, r); break;
  }
}

void Sessions::State::decide_roles(Session& s, int from_end, const Observed& o) {
  if (s.role == RoleProof::kTransport) return;  // HTTP: who sends requests is the client
  const mcp::Operation& op = *o.operation;
  int client = s.client_end;
  RoleProof proof = RoleProof::kGuess;
  if (op.sender == mcp::Sender::kClient || op.sender == mcp::Sender::kServer) {
    client = op.sender == mcp::Sender::kClient ? from_end : 1 - from_end;
    proof = RoleProof::kDecisive;
  } else if (s.messages == 1) {
    // Whoever asks first is taken for the client, whoever answers first for the server.
    bool asks = o.message->kind == jsonrpc::Kind::kRequest || o.message->kind == jsonrpc::Kind::kNotification;
    client = asks ? from_end : 1 - from_end;
  }
  if (proof < s.role || (proof == s.role && s.messages != 1)) return;  // the first proof stays: roles do not swap
  if (client != s.client_end) {
    s.client_end = client;
    s.relays = {s.relays.rbegin(), s.relays.rend()};
    std::swap(s.client_name, s.server_name);
    std::swap(s.client_version, s.server_version);
    s.has_identity = false;
  }
  s.role = proof;
}

void Sessions::State::take_claims(Session& s, bool from_client, const Logical& l) {
  const mcp::Operation& op = *l.seen->operation;
  auto take = [&](const mcp::Party& claim, std::string& name, std::string& version, const char* who) {
    if (claim.name.empty()) return;
    if (!name.empty() && name != claim.name) {
      std::string now_called(claim.name.substr(0, 120));
      finding(s, l.seen->first, "claim_changed", "low", std::string(who) + now_called,
              std::string("the ") + who + " that called itself \"" + name.substr(0, 120) + "\" now calls itself \"" +
                  now_called + "\"");
    }
    name = claim.name.substr(0, 1024);
    version = claim.version.substr(0, 1024);
  };
  if (from_client) take(op.client, s.client_name, s.client_version, "client");
  if (!from_client) take(op.server, s.server_name, s.server_version, "server");
}

void Sessions::State::take_era(Session& s, const Observed& o) {
  const mcp::Operation& op = *o.operation;
  const bool handshake = op.method == "initialize" || op.method == "notifications/initialized" ||
                         (op.kind == jsonrpc::Kind::kResponse && op.era == mcp::Era::kLegacy);
  if (handshake) {
    s.era = mcp::Era::kLegacy;
    s.initialized = true;
  } else if (op.era == mcp::Era::kStateless && !s.initialized) {
    s.era = op.era;
  } else if (s.era == mcp::Era::kUnknown) {
    s.era = op.era;
  }
  // What `initialize` asks for is an offer; its answer decides.
  if (!op.protocol_version.empty() && op.method != "initialize") {
    s.protocol_version = op.protocol_version.substr(0, 64);
  } else if (s.protocol_version.empty() && o.http != nullptr && !o.http->protocol_version.empty()) {
    s.protocol_version = o.http->protocol_version.substr(0, 64);
  }
}

}  // namespace mcpvigil::session
