// SPDX-License-Identifier: Apache-2.0
// Parties, identities and findings: what a record says beside the message itself.
#include <algorithm>
#include <functional>

#include "session/digest.h"
#include "session/header_check.h"
#include "session/sessions_state.h"

namespace mcpvigil::session {
namespace {

constexpr std::size_t kMaxMethod = 256, kMaxName = 1024;  // a peer may send megabytes as a name
constexpr std::size_t kMaxPinned = 64;                    // worker processes of one session
constexpr std::size_t kMaxFindings = 256;                 // kinds and details remembered a session

std::string_view transport_kind(const stream::Channel& c) {
  switch (c.kind) {
    case event::FlowKind::kPipe: return "pipe";
    case event::FlowKind::kFifo: return "fifo";
    case event::FlowKind::kPty: return "pty";
    case event::FlowKind::kUnixStream:
    case event::FlowKind::kUnixSeqpacket: return c.socketpair ? "socketpair" : "unix";
    case event::FlowKind::kTcp:
    case event::FlowKind::kTls: return "tcp";
  }
  return "";
}

std::string_view name_of(event::BlindSpot b) {
  switch (b) {
    case event::BlindSpot::kIoUring: return "io_uring";
    case event::BlindSpot::kUnknownTls: return "unknown_tls";
    case event::BlindSpot::kCompat32: return "compat32";
    case event::BlindSpot::kBlindReader: return "blind_reader";
    case event::BlindSpot::kBlindWriter: return "blind_writer";
  }
  return "";
}

// FNV-1a: the same in every run and build, unlike std::hash.
std::uint64_t stable_hash(std::string_view kind, std::string_view key) {
  std::uint64_t h = 0xCBF29CE484222325ULL;
  auto add = [&](std::string_view s) {
    for (char c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    h = (h ^ 0xFF) * 0x100000001B3ULL;
  };
  add(kind);
  add(key);
  return h;
}

struct OddityText {
  std::uint32_t bit;
  const char* severity;
  const char* text;
};
// Batches are legal in one revision and flagged in the message only.
constexpr OddityText kOddities[] = {
    {jsonrpc::kDuplicateKey, "high", "a member name appears twice in one object: parsers disagree which counts"},
    {jsonrpc::kEscapedKey, "high", "a member name or the method is spelled with escapes it does not need"},
    {jsonrpc::kWrongCase, "high", "a JSON-RPC member is spelled in another case: some parsers take it, some do not"},
    {jsonrpc::kMixedShape, "high", "one object is both a request and an answer, or both a result and an error"},
    {jsonrpc::kInexact, "medium", "a number or character that parsers read differently"},
    {jsonrpc::kBadId, "low", "an id that is neither a string nor a number"},
    {jsonrpc::kNoVersion, "low", "no \"jsonrpc\":\"2.0\": servers disagree whether to accept the message"},
    {jsonrpc::kRawNewline, "low", "one message over several lines: some servers accept it, some do not"},
};

}  // namespace

PartyView Sessions::State::view(const Session& s, const Peer& p, bool is_client) const {
  // Between relays whose copy did not come in time, a message names the relay: the session knows the real end.
  const Peer& end = is_client ? s.client() : s.server_peer();
  bool is_relay = std::find(s.relays.begin(), s.relays.end(), p) != s.relays.end();
  const Peer& shown = !p.known() || is_relay ? end : p;
  PartyView v = hop_view(shown);
  v.claimed_name = is_client ? s.client_name : s.server_name;
  v.claimed_version = is_client ? s.client_version : s.server_version;
  if (!is_client) v.server_id = s.server.id;
  return v;
}

PartyView Sessions::State::hop_view(const Peer& p) const {
  PartyView v;
  v.process = p.process;
  v.facts = parties.facts(p.process).get();  // the table holds it for the length of the callback
  if (p.remote || !p.process.known()) v.address = p.address;
  return v;
}

void Sessions::State::fill(MessageRecord& r, Session& s, const Logical& l, bool from_client) {
  const Observed& o = *l.seen;
  const mcp::Operation& op = *o.operation;
  r.ts = o.first;
  r.session_id = s.id;
  r.transport = {transport_kind(*o.channel), frame::name(o.framing), o.channel->tls};
  const mcp::Party& claim = from_client ? op.client : op.server;
  r.client = view(s, from_client ? l.from : l.to, true);
  r.server = view(s, from_client ? l.to : l.from, false);
  if (!claim.name.empty()) {  // the message that makes the claim carries it already
    PartyView& who = from_client ? r.client : r.server;
    who.claimed_name = claim.name.substr(0, kMaxName);
    who.claimed_version = claim.version.substr(0, kMaxName);
  }
  if (!l.relays.empty()) {
    for (std::size_t i = 0; i < l.relays.size(); ++i) {
      r.hops.push_back(hop_view(l.relays[from_client ? i : l.relays.size() - 1 - i]));
    }
  } else if (auto is_relay =
                 [&](const Peer& p) { return std::find(s.relays.begin(), s.relays.end(), p) != s.relays.end(); };
             is_relay(l.from) || is_relay(l.to)) {
    for (const Peer& p : s.relays) r.hops.push_back(hop_view(p));
  }
  // Per message: a claim in it decides, else the state of the session.
  r.era = op.era == mcp::Era::kStateless ? op.era : s.era != mcp::Era::kUnknown ? s.era : op.era;
  r.protocol_version =
      !op.protocol_version.empty() ? op.protocol_version.substr(0, 64) : std::string_view(s.protocol_version);
  r.client_to_server = from_client;
  r.kind = o.message->kind;
  r.method = op.method.substr(0, kMaxMethod);
  r.tool = op.tool.substr(0, kMaxName);
  r.id = o.message->id;
  r.bytes = o.bytes;
  r.gap = o.gap;
  r.oddities = o.message->oddities;
  bool partial = o.gap || parties.has_blind_spot(l.from.process) || parties.has_blind_spot(l.to.process);
  r.coverage = partial ? "partial" : "full";
  r.payload = o.message->text;
  if (o.message->batch_size > 1 || r.payload.empty()) {
    scratch = simdjson::minify(o.message->root);  // this message alone, not its whole array
    r.payload = scratch;
  }
}

void Sessions::State::keep_party(Session& s, const Peer& p, base::Timestamp ts) {
  if (!p.process.known()) return;
  if (std::find(s.pinned.begin(), s.pinned.end(), p.process) == s.pinned.end() && s.pinned.size() < kMaxPinned) {
    s.pinned.push_back(p.process);
    parties.pin(p.process);
  }
  if (parties.announce(p.process)) process_record(p.process, ts, "started", {}, {});
}

void Sessions::State::process_record(base::ProcessKey p, base::Timestamp ts, std::string_view what,
                                     std::string_view coverage, std::string_view reason) {
  ProcessRecord r;
  r.ts = ts;
  r.what = what;
  r.coverage = coverage.empty() ? (parties.has_blind_spot(p) ? "partial" : "full") : coverage;
  r.reason = reason;
  r.party.process = p;
  r.party.facts = parties.facts(p).get();
  out.on_record(r);
}

void Sessions::State::on_note(const event::ProcessNote& n) {
  if (!n.process.known() || !parties.note(n.process, n.what)) return;
  std::string reason(name_of(n.what));
  if (!n.detail.empty()) reason += ": " + n.detail;
  const auto& sessions = table.of_process(n.process);
  process_record(n.process, n.ts, "coverage", n.what == event::BlindSpot::kUnknownTls ? "blind" : "partial", reason);
  for (Session* s : std::vector(sessions)) {
    finding(*s, n.ts, "blind_spot", "medium", name_of(n.what),
            "process " + std::to_string(n.process.pid) + " of this session cannot be seen whole: " + reason);
  }
}

void Sessions::State::identify(Session& s) {
  const Peer& server = s.server_peer();
  Facts facts = parties.facts(server.process);
  if (s.has_identity && facts == s.identity_facts) return;
  if (facts) {
    s.server = local_identity(*facts, parties.ancestors(server.process, s.client().process));
  } else if (s.http) {
    s.server = remote_identity(s.scheme, s.authority, s.path);
  } else if (server.address.family != 0) {
    s.server = remote_identity("tcp", text_of(server.address), {});
  } else {
    return;
  }
  s.identity_facts = std::move(facts);
  s.has_identity = true;
}

void Sessions::State::finding(Session& s, base::Timestamp ts, std::string_view kind, std::string_view severity,
                              std::string_view key, const std::string& detail, std::string_view correlation) {
  std::uint64_t h = stable_hash(kind, key);
  if (s.findings.size() >= kMaxFindings || std::find(s.findings.begin(), s.findings.end(), h) != s.findings.end()) {
    ++counters.findings_suppressed;
    return;
  }
  s.findings.push_back(h);
  ++counters.findings;
  FindingRecord f;
  f.ts = ts;
  f.kind = kind;
  f.severity = severity;
  f.detail = detail;
  f.session_id = s.id;
  f.correlation_id = correlation;
  f.client = view(s, s.client(), true);
  f.server = view(s, s.server_peer(), false);
  out.on_record(f);
}

void Sessions::State::message_findings(Session& s, const Logical& l, const MessageRecord& r) {
  const Observed& o = *l.seen;
  const mcp::Operation& op = *o.operation;
  std::string who = r.client_to_server ? "client" : "server";
  if ((r.oddities & ~std::uint32_t{jsonrpc::kBatched}) != 0) {
    for (const OddityText& odd : kOddities) {
      if ((r.oddities & odd.bit) == 0) continue;
      finding(s, r.ts, "parser_differential", odd.severity, who + std::to_string(odd.bit),
              "from the " + who + ": " + odd.text, r.correlation_id);
    }
  }
  if (o.http != nullptr && !o.is_http_response && o.message->batch_size == 1) {
    if (auto bad = header_mismatch(*o.http, op)) {
      finding(s, r.ts, "header_mismatch", "high", std::string(bad->header) + bad->said + "\n" + bad->body,
              std::string(bad->header) + " says \"" + bad->said + "\", the body says \"" + bad->body + "\"",
              r.correlation_id);
    }
  }
  if (op.kind == jsonrpc::Kind::kRequest && !r.client_to_server && s.era == mcp::Era::kStateless) {
    finding(s, r.ts, "era_violation", "high", op.method,
            "the server sent the request \"" + std::string(op.method.substr(0, 120)) +
                "\": from 2026-07-28 on only clients send requests",
            r.correlation_id);
  }
  if (op.kind != jsonrpc::Kind::kResponse && op.kind != jsonrpc::Kind::kError) {
    bool wrong = (op.sender == mcp::Sender::kClient && !r.client_to_server) ||
                 (op.sender == mcp::Sender::kServer && r.client_to_server);
    if (wrong) {
      finding(
          s, r.ts, "role_violation", "medium", who + std::string(op.method),
          "the " + who + " sent \"" + std::string(op.method.substr(0, 120)) + "\", which is the other side's to send",
          r.correlation_id);
    }
  }
}

}  // namespace mcpvigil::session
