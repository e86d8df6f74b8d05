// SPDX-License-Identifier: Apache-2.0
#include "session/render.h"

#include <optional>

#include "session/json_text.h"
#include "session/redact.h"
#include "session/server_identity.h"

namespace mcpvigil::session {
namespace {

constexpr std::size_t kMaxCached = 8192;  // processes; a line of one is a few hundred bytes

void member(std::string_view name, std::string_view value, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  append_string_or_null(value, out);
}

template <std::integral T>
void member(std::string_view name, T value, std::string& out) {
  out += ",\"";
  out += name;
  out += "\":";
  append_number(value, out);
}

void flag(std::string_view name, bool value, std::string& out) {
  out += ",\"";
  out += name;
  out += value ? "\":true" : "\":false";
}

// Everything about a process that its facts say, without braces.
void render_process(base::ProcessKey key, const event::ProcessFacts* f, std::string& out) {
  out += "\"pid\":";
  if (key.known()) {
    append_number(key.pid, out);
  } else {
    out += "null";
  }
  out += ",\"start\":";
  if (key.known() && key.start_ns != 0) {
    append_short_time({key.start_ns}, out);
  } else {
    out += "null";
  }
  if (f == nullptr) {
    out += R"(,"exe":null,"cmdline":null,"uid":null,"user":null,"cgroup":null,"container":null,"pod":null)";
    return;
  }
  member("exe", f->exe, out);
  out += ",\"cmdline\":[";
  for (std::size_t i = 0; i < f->argv.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_string(f->argv[i], out);
  }
  out.push_back(']');
  member("uid", f->uid, out);
  member("user", f->user, out);
  member("cgroup", f->cgroup, out);
  member("container", f->container, out);
  member("pod", f->pod, out);
}

void append_oddities(std::uint32_t oddities, std::string& out) {
  if (oddities == 0) return;
  out += ",\"oddities\":[";
  bool first = true;
  for (std::uint32_t i = 0; i < jsonrpc::kOddityCount; ++i) {
    if ((oddities & (1U << i)) == 0) continue;
    if (!first) out.push_back(',');
    first = false;
    append_string(jsonrpc::name(static_cast<jsonrpc::Oddity>(1U << i)), out);
  }
  out.push_back(']');
}

// jsonrpc::Id::append_json for the two kinds that all but a few messages have.
void append_id(const jsonrpc::Id& id, std::string& out) {
  switch (id.type) {
    case jsonrpc::Id::Type::kAbsent:
    case jsonrpc::Id::Type::kNull: out += "null"; return;
    case jsonrpc::Id::Type::kInteger: append_number(id.integer, out); return;
    case jsonrpc::Id::Type::kString: append_string(id.text, out); return;
    case jsonrpc::Id::Type::kReal: id.append_json(out); return;
  }
}

}  // namespace

JsonRenderer::JsonRenderer(RenderOptions options) : options_(std::move(options)) {
  append_string_or_null(options_.host, host_json_);
}

void JsonRenderer::head(std::string_view type, base::Timestamp ts, std::uint64_t seq, std::string& out) {
  out += R"({"v":1,"type":")";
  out += type;
  out += R"(","ts":)";
  append_time(ts, out);
  out += R"(,"host":)";
  out += host_json_;
  out += R"(,"seq":)";
  append_number(seq, out);
}

void JsonRenderer::process(const PartyView& p, std::string& out) {
  base::Timestamp stamp = p.facts != nullptr ? p.facts->ts : base::Timestamp{};
  auto [it, fresh] = cache_.try_emplace(p.process);
  Cached& c = it->second;
  if (fresh) {
    c.age = ages_.insert(ages_.end(), p.process);
    if (cache_.size() > kMaxCached) {
      cache_.erase(ages_.front());
      ages_.pop_front();
    }
  }
  if (fresh || c.facts != p.facts || c.stamp != stamp) {
    c.facts = p.facts;
    c.stamp = stamp;
    c.json.clear();
    render_process(p.process, p.facts, c.json);
  }
  out += c.json;
}

void JsonRenderer::party(const PartyView& p, bool server, std::string& out) {
  out.push_back('{');
  if (server) {
    out += "\"id\":";
    append_string_or_null(p.server_id, out);
    out.push_back(',');
  }
  if (!p.process.known() && p.address.family != 0) {
    out += "\"address\":\"";
    append_ip(p.address, out);
    out += "\",\"port\":";
    append_number(p.address.port, out);
    out += R"(,"exe":null,"cmdline":null,"uid":null,"user":null,"cgroup":null,"container":null,"pod":null)";
  } else {
    process(p, out);
  }
  member("name", p.claimed_name, out);
  member("version", p.claimed_version, out);
  out.push_back('}');
}

void JsonRenderer::message_fields(const MessageRecord& m, std::string& out) {
  member("session_id", m.session_id, out);
  member("correlation_id", m.correlation_id, out);
  out += R"(,"transport":{"kind":)";
  append_string_or_null(m.transport.kind, out);
  member("framing", m.transport.framing, out);
  flag("tls", m.transport.tls, out);
  out += R"(},"client":)";
  party(m.client, false, out);
  out += R"(,"server":)";
  party(m.server, true, out);
  out += R"(,"hops":[)";
  for (std::size_t i = 0; i < m.hops.size(); ++i) {
    if (i != 0) out.push_back(',');
    party(m.hops[i], false, out);
  }
  out += R"(],"mcp":{"era":)";
  append_string_or_null(mcp::name(m.era), out);
  member("protocol_version", m.protocol_version, out);
  out +=
      m.client_to_server ? R"(,"direction":"client_to_server","kind":)" : R"(,"direction":"server_to_client","kind":)";
  append_string(jsonrpc::name(m.kind), out);
  member("method", m.method, out);
  member("tool", m.tool, out);
  out += ",\"id\":";
  append_id(m.id, out);
  out += "}";
  member("bytes", m.bytes, out);
  flag("gap", m.gap, out);
  member("coverage", m.coverage, out);
  if (m.unmatched) out += ",\"unmatched\":true";
  append_oddities(m.oddities, out);
}

// A string, not an object: the exact text, with its duplicate keys and needless escapes, is what evidence is.
void JsonRenderer::payload(const MessageRecord& m, std::string& out) {
  if (options_.payload == PayloadMode::kNone) return;
  out += ",\"payload\":";
  if (m.payload.empty()) {
    out += "null";
  } else if (options_.payload == PayloadMode::kRedacted) {
    scratch_.clear();
    append_redacted(m.payload, scratch_);
    append_string(scratch_, out);
  } else {
    append_string(m.payload, out);
  }
}

void JsonRenderer::line(const MessageRecord& r, std::uint64_t seq, std::string& out) {
  head("message", r.ts, seq, out);
  message_fields(r, out);
  payload(r, out);
}

void JsonRenderer::line(const CallRecord& r, std::uint64_t seq, std::string& out) {
  head("call", r.message.ts, seq, out);
  message_fields(r.message, out);
  out += ",\"latency_ms\":";
  append_milliseconds(r.latency_ns, out);
  member("outcome", r.outcome, out);
  if (r.outcome == "error") {
    out += R"(,"error":{"code":)";
    append_number(r.error_code, out);
    member("message", r.error_message, out);
    out.push_back('}');
  } else {
    out += ",\"error\":null";
  }
  member("request_bytes", r.request_bytes, out);
  member("response_bytes", r.response_bytes, out);
}

void JsonRenderer::line(const InventoryRecord& r, std::uint64_t seq, std::string& out) {
  head("inventory", r.ts, seq, out);
  member("what", r.what, out);
  member("server_id", r.server_id, out);
  member("server_name", r.server_name, out);
  member("tool", r.tool, out);
  member("definition_hash", r.definition_hash, out);
  member("previous_hash", r.previous_hash, out);
  out += ",\"party\":";
  party(r.party, !r.party.server_id.empty(), out);
}

void JsonRenderer::line(const FindingRecord& r, std::uint64_t seq, std::string& out) {
  head("finding", r.ts, seq, out);
  member("kind", r.kind, out);
  member("severity", r.severity, out);
  member("detail", r.detail, out);
  member("session_id", r.session_id, out);
  member("correlation_id", r.correlation_id, out);
  out += ",\"client\":";
  party(r.client, false, out);
  out += ",\"server\":";
  party(r.server, true, out);
}

void JsonRenderer::line(const ProcessRecord& r, std::uint64_t seq, std::string& out) {
  head("process", r.ts, seq, out);
  member("what", r.what, out);
  member("coverage", r.coverage, out);
  member("reason", r.reason, out);
  out += ",\"process\":";
  party(r.party, false, out);
}

void JsonRenderer::line(const LossRecord& r, std::uint64_t seq, std::string& out) {
  head("loss", r.ts, seq, out);
  member("reason", base::name(r.reason), out);
  member("records", r.records, out);
  member("bytes", r.bytes, out);
  member("session_id", r.session_id, out);
}

void JsonRenderer::line(const HealthRecord& r, std::uint64_t seq, std::string& out) {
  head("health", r.ts, seq, out);
  member("status", r.status, out);
  member("messages", r.messages, out);
  member("calls", r.calls, out);
  member("sessions", r.sessions, out);
  member("streams", r.streams, out);
  out += ",\"bytes\":{\"seen\":";
  append_number(r.ledger.seen, out);
  member("parsed", r.ledger.parsed, out);
  member("pending", r.ledger.pending(), out);
  // Reasons that did not occur are left out: there are many.
  auto reasons = [&](std::string_view name, const auto& counts, auto reason) {
    out += ",\"";
    out += name;
    out += "\":{";
    bool first = true;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      if (!first) out.push_back(',');
      first = false;
      append_string(base::name(static_cast<decltype(reason)>(i)), out);
      out.push_back(':');
      append_number(counts[i], out);
    }
    out.push_back('}');
  };
  reasons("skipped", r.ledger.skipped, base::SkipReason{});
  reasons("lost", r.ledger.lost, base::LossReason{});
  out += "},\"capabilities\":{";
  for (std::size_t i = 0; i < r.capabilities.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_string(r.capabilities[i].first, out);
    out.push_back(':');
    append_string(r.capabilities[i].second, out);
  }
  out.push_back('}');
}

void JsonRenderer::append(const Record& r, std::uint64_t seq, std::string& out) {
  std::visit([&](const auto& x) { line(x, seq, out); }, r);
  out += "}\n";
}

void append_json(const Record& r, const RenderOptions& o, std::uint64_t seq, std::string& out) {
  thread_local std::optional<JsonRenderer> renderer;
  if (!renderer || renderer->options().host != o.host || renderer->options().payload != o.payload) renderer.emplace(o);
  renderer->append(r, seq, out);
}

}  // namespace mcpvigil::session
