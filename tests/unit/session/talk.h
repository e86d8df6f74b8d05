// SPDX-License-Identifier: Apache-2.0
// Talk: a little host to write conversations on. Processes, pipes, sockets and HTTP exchanges; what is said goes
// through the real parser and decoder into Sessions, and every record is kept as plain values and as its JSON line.
//
//   Talk t;
//   auto client = t.process(10, "/usr/bin/agent"), server = t.process(20, "/usr/bin/server");
//   auto& in = t.pipe(client, server); auto& out = t.pipe(server, client);
//   t.says(in, R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
#pragma once
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "jsonrpc/message.h"
#include "mcp/operation.h"
#include "session/inventory.h"
#include "session/render.h"
#include "session/sessions.h"

namespace mcpvigil::session {

using stream::Lane;

// One record, owned.
struct Told {
  std::string type;  // message call finding inventory process
  std::string session, correlation, method, tool, id, outcome, what, detail, severity, hash, previous, server_id;
  std::string client_name, server_name, version, era, error, transport, framing, coverage, payload;
  std::uint32_t client = 0, server = 0;  // pids
  std::vector<std::uint32_t> hops;
  bool to_server = true, unmatched = false;
  std::uint64_t latency_ns = 0, request_bytes = 0, response_bytes = 0;
  std::int64_t error_code = 0;
  std::uint64_t ts = 0;
  std::string line;
};

class Records : public RecordListener {
 public:
  void on_record(const Record& r) override;
  std::vector<Told> all;
  JsonRenderer renderer{RenderOptions{"node-1", PayloadMode::kFull}};
};

class Talk {
 public:
  explicit Talk(SessionLimits limits = {}, Inventory* inventory = nullptr) : sessions(limits, inventory, told) {}

  base::ProcessKey process(std::uint32_t pid, std::string exe, std::vector<std::string> argv = {},
                           std::uint32_t parent = 1, std::string cwd = "/home/ana");
  // One-way: `from` writes, `to` reads. An unknown end: process not seen yet.
  stream::Channel& pipe(base::ProcessKey from, base::ProcessKey to);
  stream::Channel& socketpair(base::ProcessKey a, base::ProcessKey b);
  // a connected to b.
  stream::Channel& tcp(base::ProcessKey a, base::ProcessKey b, std::uint16_t port = 8000);
  // TLS to a server elsewhere.
  stream::Channel& remote(base::ProcessKey a);

  void says(stream::Channel& c, std::string_view json) { say(c, Lane::kAToB, json, {}); }
  void answers(stream::Channel& c, std::string_view json) { say(c, Lane::kBToA, json, {}); }  // two-way channels
  void close(stream::Channel& c) { sessions.on_channel_close(c, tick_clock()); }

  // An HTTP exchange on a channel; fields may be set before its first message.
  frame::HttpExchange& post(stream::Channel& c, std::string target = "/mcp");
  frame::HttpExchange& get(stream::Channel& c, std::string target = "/mcp");
  void asks(stream::Channel& c, const frame::HttpExchange& e, std::string_view json) {
    say(c, Lane::kAToB, json, {&e, false});
  }
  void replies(stream::Channel& c, const frame::HttpExchange& e, std::string_view json) {
    say(c, Lane::kBToA, json, {&e, true});
  }
  void head(stream::Channel& c, frame::HttpExchange& e, int status, std::string session_id = {});
  void end(stream::Channel& c, const frame::HttpExchange& e, bool complete = true) {
    sessions.on_http_exchange_end(c, e, complete, tick_clock());
  }
  void wait(std::uint64_t ms) {
    clock += ms * 1'000'000;
    sessions.tick({clock});
  }
  void finish() { sessions.finish({tick_clock()}); }

  [[nodiscard]] std::vector<Told> of(std::string_view type) const;
  [[nodiscard]] std::vector<Told> messages() const { return of("message"); }
  [[nodiscard]] std::vector<Told> calls() const { return of("call"); }
  [[nodiscard]] std::vector<Told> findings() const { return of("finding"); }
  [[nodiscard]] std::string lines() const;

  Records told;
  Sessions sessions;
  std::uint64_t clock = 1'800'000'000'000'000'000;
  bool gap = false;

 private:
  struct Http {
    const frame::HttpExchange* exchange = nullptr;
    bool response = false;
  };
  base::Timestamp tick_clock() { return {clock += 1'000'000}; }
  void say(stream::Channel& c, Lane lane, std::string_view json, Http http);
  stream::Channel& channel(event::FlowKind kind, base::ProcessKey a, base::ProcessKey b);

  jsonrpc::Parser parser_;
  std::deque<stream::Channel> channels_;
  std::deque<frame::HttpExchange> exchanges_;
  std::uint64_t next_exchange_ = 1;
};

// Messages, spelled short.
std::string request(std::string_view id, std::string_view method, std::string_view params = "{}");
std::string result(std::string_view id, std::string_view result = "{}");
std::string error(std::string_view id, int code, std::string_view text);
std::string notification(std::string_view method, std::string_view params = "{}");
std::string initialize(std::string_view id, std::string_view client = "agent");
std::string initialized(std::string_view id, std::string_view server = "everything",
                        std::string_view version = "2025-11-25");
std::string call(std::string_view id, std::string_view tool, std::string_view arguments = "{}");
std::string content(std::string_view id, std::string_view text = "hello");
// Params of the stateless revision: adds _meta to the members given.
std::string modern(std::string_view members = {});

}  // namespace mcpvigil::session
