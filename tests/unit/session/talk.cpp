// SPDX-License-Identifier: Apache-2.0
#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

struct Copy {
  Told& t;
  void parties(const PartyView& c, const PartyView& s) const {
    t.client = c.process.pid;
    t.server = s.process.pid;
    t.client_name = c.claimed_name;
    t.server_name = s.claimed_name;
    t.server_id = s.server_id;
  }
  void operator()(const MessageRecord& m) const {
    t.type = "message";
    t.ts = m.ts.ns;
    t.session = m.session_id;
    t.correlation = m.correlation_id;
    t.method = m.method;
    t.tool = m.tool;
    m.id.append_json(t.id);
    t.what = jsonrpc::name(m.kind);
    t.version = m.protocol_version;
    t.era = mcp::name(m.era);
    t.transport = m.transport.kind;
    t.framing = m.transport.framing;
    t.coverage = m.coverage;
    t.payload = m.payload;
    for (const PartyView& h : m.hops) t.hops.push_back(h.process.pid);
    t.to_server = m.client_to_server;
    t.unmatched = m.unmatched;
    parties(m.client, m.server);
  }
  void operator()(const CallRecord& c) const {
    (*this)(c.message);
    t.type = "call";
    t.outcome = c.outcome;
    t.latency_ns = c.latency_ns;
    t.request_bytes = c.request_bytes;
    t.response_bytes = c.response_bytes;
    t.error = c.error_message;
    t.error_code = c.error_code;
  }
  void operator()(const InventoryRecord& i) const {
    t.type = "inventory";
    t.what = i.what;
    t.tool = i.tool;
    t.hash = i.definition_hash;
    t.previous = i.previous_hash;
    t.server_id = i.server_id;
    t.server_name = i.server_name;
  }
  void operator()(const FindingRecord& f) const {
    t.type = "finding";
    t.what = f.kind;
    t.severity = f.severity;
    t.detail = f.detail;
    t.session = f.session_id;
    t.correlation = f.correlation_id;
    parties(f.client, f.server);
  }
  void operator()(const ProcessRecord& p) const {
    t.type = "process";
    t.what = p.what;
    t.coverage = p.coverage;
    t.detail = p.reason;
    t.client = p.party.process.pid;
  }
  void operator()(const LossRecord&) const { t.type = "loss"; }
  void operator()(const HealthRecord&) const { t.type = "health"; }
};

}  // namespace

void Records::on_record(const Record& r) {
  Told& t = all.emplace_back();
  std::visit(Copy{t}, r);
  renderer.append(r, all.size(), t.line);
}

base::ProcessKey Talk::process(std::uint32_t pid, std::string exe, std::vector<std::string> argv, std::uint32_t parent,
                               std::string cwd) {
  event::ProcessFacts f;
  f.ts = {clock};
  f.process = {pid, 1'700'000'000'000'000'000ULL + pid};
  f.parent = {parent, 1'700'000'000'000'000'000ULL + parent};
  f.uid = 1000;
  f.exe = exe;
  if (argv.empty()) argv.push_back(exe);
  f.argv = std::move(argv);
  f.cwd = std::move(cwd);
  f.user = "ana";
  f.cgroup = "/user.slice";
  sessions.on_facts(f);
  return f.process;
}

stream::Channel& Talk::channel(event::FlowKind kind, base::ProcessKey a, base::ProcessKey b) {
  stream::Channel& c = channels_.emplace_back();
  c.id = base::ChannelId{channels_.size()};
  c.kind = kind;
  c.a.process = a;
  c.b.process = b;
  return c;
}

stream::Channel& Talk::pipe(base::ProcessKey from, base::ProcessKey to) {
  stream::Channel& c = channel(event::FlowKind::kPipe, from, to);
  c.one_way = true;
  return c;
}

stream::Channel& Talk::socketpair(base::ProcessKey a, base::ProcessKey b) {
  stream::Channel& c = channel(event::FlowKind::kUnixStream, a, b);
  c.socketpair = true;
  return c;
}

stream::Channel& Talk::tcp(base::ProcessKey a, base::ProcessKey b, std::uint16_t port) {
  stream::Channel& c = channel(event::FlowKind::kTcp, a, b);
  c.a.address = {4, {127, 0, 0, 1}, static_cast<std::uint16_t>(40000 + channels_.size())};
  c.b.address = {4, {127, 0, 0, 1}, port};
  return c;
}

stream::Channel& Talk::remote(base::ProcessKey a) {
  stream::Channel& c = channel(event::FlowKind::kTls, a, {});
  c.tls = true;
  c.a.address = {4, {10, 0, 0, 2}, static_cast<std::uint16_t>(40000 + channels_.size())};
  c.b.address = {4, {192, 0, 2, 7}, 443};
  c.b.remote = true;
  return c;
}

frame::HttpExchange& Talk::post(stream::Channel& c, std::string target) {
  frame::HttpExchange& e = exchanges_.emplace_back();
  e.id = next_exchange_++;
  e.method = "POST";
  e.target = std::move(target);
  e.host = c.tls ? "mcp.example.com" : "127.0.0.1:" + std::to_string(c.b.address.port);
  e.request_seen = true;
  return e;
}

frame::HttpExchange& Talk::get(stream::Channel& c, std::string target) {
  frame::HttpExchange& e = post(c, std::move(target));
  e.method = "GET";
  return e;
}

void Talk::head(stream::Channel& c, frame::HttpExchange& e, int status, std::string session_id) {
  e.status = status;
  e.response_session_id = session_id;
  if (e.session_id.empty()) e.session_id = std::move(session_id);
  sessions.on_http_response_head(c, e, tick_clock());
}

void Talk::say(stream::Channel& c, Lane lane, std::string_view json, Http http) {
  base::PaddedBuffer text;
  text.append(json);
  base::Timestamp ts = tick_clock();
  parser_.parse(text.view(), [&](const jsonrpc::Message& m) {
    mcp::Operation op = mcp::decode(m);
    Observed o;
    o.channel = &c;
    o.lane = lane;
    o.sender = lane == Lane::kAToB ? c.a.process : c.b.process;
    o.receiver = lane == Lane::kAToB ? c.b.process : c.a.process;
    o.first = o.last = ts;
    o.bytes = m.text.size();
    o.gap = gap;
    o.framing = http.exchange != nullptr ? frame::Framing::kHttp1 : frame::Framing::kNdjson;
    o.http = http.exchange;
    o.is_http_response = http.response;
    o.message = &m;
    o.operation = &op;
    sessions.on_message(o);
  });
}

std::vector<Told> Talk::of(std::string_view type) const {
  std::vector<Told> out;
  for (const Told& t : told.all) {
    if (t.type == type) out.push_back(t);
  }
  return out;
}

std::string Talk::lines() const {
  std::string out;
  for (const Told& t : told.all) out += t.line;
  return out;
}

std::string request(std::string_view id, std::string_view method, std::string_view params) {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) + R"(","params":)" +
         std::string(params) + "}";
}
std::string result(std::string_view id, std::string_view value) {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"result":)" + std::string(value) + "}";
}
std::string error(std::string_view id, int code, std::string_view text) {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"error":{"code":)" + std::to_string(code) +
         R"(,"message":")" + std::string(text) + R"("}})";
}
std::string notification(std::string_view method, std::string_view params) {
  return R"({"jsonrpc":"2.0","method":")" + std::string(method) + R"(","params":)" + std::string(params) + "}";
}
std::string initialize(std::string_view id, std::string_view client) {
  return request(id, "initialize",
                 R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":")" + std::string(client) +
                     R"(","version":"1.0"}})");
}
std::string initialized(std::string_view id, std::string_view server, std::string_view version) {
  return result(id, R"({"protocolVersion":")" + std::string(version) + R"(","capabilities":{},"serverInfo":{"name":")" +
                        std::string(server) + R"(","version":"2.0"}})");
}
std::string call(std::string_view id, std::string_view tool, std::string_view arguments) {
  return request(id, "tools/call",
                 R"({"name":")" + std::string(tool) + R"(","arguments":)" + std::string(arguments) + "}");
}
std::string content(std::string_view id, std::string_view text) {
  return result(id, R"({"content":[{"type":"text","text":")" + std::string(text) + R"("}]})");
}
std::string modern(std::string_view members) {
  std::string out = R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                    R"("io.modelcontextprotocol/clientInfo":{"name":"agent","version":"1.0"},)"
                    R"("io.modelcontextprotocol/clientCapabilities":{}})";
  if (!members.empty()) out += "," + std::string(members);
  return out + "}";
}

}  // namespace mcpvigil::session
