// SPDX-License-Identifier: Apache-2.0
// Talk: events made on the fly, straight into a Pipeline; nothing is kept but counts and the last records, so that a
// test may feed a gigabyte. After every event the ledger's law is held (hold_law off: the test asks when it likes).
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pipeline/pipeline.h"
#include "support/event_builder.h"

namespace mcpvigil::test {

struct Told {
  std::string method, tool, id, outcome;
  bool gap = false, unmatched = false, to_server = true;
  std::uint32_t oddities = 0;
};

class Talk : public session::RecordListener, public stream::CopyControl {
 public:
  using Way = event::Way;
  explicit Talk(const pipeline::PipelineLimits& limits = {}) : pipeline(limits, *this, this, nullptr) {}

  void on_record(const session::Record& r) override {
    if (const auto* m = std::get_if<session::MessageRecord>(&r)) messages.push_back(told(*m));
    if (const auto* c = std::get_if<session::CallRecord>(&r)) {
      calls.push_back(told(c->message));
      calls.back().outcome = c->outcome;
    }
    if (const auto* f = std::get_if<session::FindingRecord>(&r)) findings.emplace_back(f->kind);
    if (const auto* l = std::get_if<session::LossRecord>(&r)) losses.emplace_back(l->reason, l->bytes);
  }
  void set_copy(base::FlowId flow, Way, stream::CopyMode mode) override {
    if (mode == stream::CopyMode::kIgnore) ++ignored[static_cast<std::uint64_t>(flow)];
  }

  void event(const event::Event& e) {
    pipeline.on_event(e);
    ++events;
    if (hold_law) check_law();
  }
  void check_law() {
    const pipeline::PipelineStats s = stats();
    ASSERT_EQ(s.ledger.pending(), s.waiting) << "after event " << events;
    ASSERT_EQ(s.out_of_true, 0U) << "after event " << events;
  }
  void open(event::FlowOpen o) {
    o.ts = now();
    event(o);
  }
  void pipe(std::uint64_t flow) {
    open({.flow = base::FlowId{flow}, .kind = event::FlowKind::kPipe, .inode = 1000 + flow});
  }
  // Both ends of a connection: `client`, and `client` + 1 at the server.
  void tcp(std::uint64_t client, std::uint16_t port = 0) {
    const event::Address a = ipv4(127, 0, 0, 1, static_cast<std::uint16_t>(port != 0 ? port : 40000 + client)),
                         b = ipv4(127, 0, 0, 1, 8080);
    open({.flow = base::FlowId{client},
          .kind = event::FlowKind::kTcp,
          .inode = 1000 + client,
          .netns = 1,
          .local = a,
          .remote = b});
    open({.flow = base::FlowId{client + 1},
          .kind = event::FlowKind::kTcp,
          .inode = 1001 + client,
          .netns = 1,
          .local = b,
          .remote = a});
  }
  // `writer` sends through a pipe (far 0: the same flow) or from its end to the `far` one.
  void send(std::uint64_t flow, std::uint32_t writer, std::uint32_t reader, std::string_view bytes,
            std::uint64_t far = 0) {
    if (far == 0) far = flow;
    std::uint64_t& written = at(flow, Way::kWrite);
    event(event::FlowActor{now(), base::FlowId{flow}, Way::kWrite, process(writer), written});
    written += bytes.size();
    read(far, reader, bytes);
  }
  void read(std::uint64_t flow, std::uint32_t reader, std::string_view bytes) {
    padded.assign(bytes);
    padded.append(base::kPadding, '\xee');
    std::uint64_t& pos = at(flow, Way::kRead);
    event(event::FlowData{.ts = now(),
                          .flow = base::FlowId{flow},
                          .way = Way::kRead,
                          .actor = process(reader),
                          .tid = reader,
                          .pos = pos,
                          .len = bytes.size(),
                          .payload = {padded.data(), bytes.size()}});
    pos += bytes.size();
  }
  void gap(std::uint64_t flow, std::uint64_t n) { at(flow, Way::kRead) += n; }
  void skip(std::uint64_t flow, std::uint64_t n) {
    event(event::FlowSkipped{now(), base::FlowId{flow}, Way::kRead, at(flow, Way::kRead), n});
    at(flow, Way::kRead) += n;
  }
  void close(std::uint64_t flow) {
    event(event::FlowClose{.ts = now(),
                           .flow = base::FlowId{flow},
                           .read_total = at(flow, Way::kRead),
                           .write_total = at(flow, Way::kWrite)});
  }
  void tick(std::uint64_t ms = 1000) {
    now_ += ms * kMs;
    event(event::Tick{now()});
  }
  // A session on the pipes `in` and `out` between the processes `client` and `server`.
  void handshake(std::uint64_t in, std::uint64_t out, std::uint32_t client = 100, std::uint32_t server = 200) {
    pipe(in);
    pipe(out);
    send(
        in, client, server,
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}})"
        "\n");
    send(
        out, server, client,
        R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}})"
        "\n");
  }
  // The end of everything: the law, nothing pending, nothing kept.
  void finish() {
    pipeline.finish();
    check_law();
    EXPECT_EQ(stats().ledger.pending(), 0U);
    EXPECT_EQ(stats().buffered, 0U);
  }

  [[nodiscard]] pipeline::PipelineStats stats() const { return pipeline.stats(); }
  [[nodiscard]] std::uint64_t skipped(base::SkipReason r) const {
    return stats().ledger.skipped[static_cast<std::size_t>(r)];
  }
  [[nodiscard]] std::uint64_t lost(base::LossReason r) const {
    return stats().ledger.lost[static_cast<std::size_t>(r)];
  }
  // For a failed expectation: what became of the bytes.
  [[nodiscard]] std::string skips() const {
    std::string out;
    const base::Ledger l = stats().ledger;
    for (std::size_t i = 0; i < l.skipped.size(); ++i) {
      if (l.skipped[i] != 0)
        out += std::string(base::name(static_cast<base::SkipReason>(i))) + " " + std::to_string(l.skipped[i]) + "; ";
    }
    return out;
  }
  [[nodiscard]] base::Timestamp now() { return {now_ += 1000}; }
  [[nodiscard]] std::uint64_t& at(std::uint64_t flow, Way w) { return position[flow][static_cast<std::size_t>(w)]; }

  std::vector<Told> messages, calls;
  std::vector<std::string> findings;
  std::vector<std::pair<base::LossReason, std::uint64_t>> losses;
  std::map<std::uint64_t, int> ignored;  // by flow: how often it was asked
  bool hold_law = true;
  pipeline::Pipeline pipeline;

 private:
  static Told told(const session::MessageRecord& m) {
    std::string id;
    m.id.append_json(id);
    return {std::string(m.method), std::string(m.tool), std::move(id), {}, m.gap,
            m.unmatched,           m.client_to_server,  m.oddities};
  }
  std::map<std::uint64_t, std::array<std::uint64_t, 2>> position;
  std::string padded;
  std::uint64_t now_ = kStart, events = 0;
};

inline const std::string kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
inline const std::string kPong = R"({"jsonrpc":"2.0","id":1,"result":{}})";
inline const std::string kCall =
    R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"t","arguments":{}}})";
inline const std::string kCalled = R"({"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"x"}]}})";

inline std::string http_post(std::string_view body, std::string_view more = "Mcp-Session-Id: 7\r\n") {
  return "POST /mcp HTTP/1.1\r\nHost: h:8080\r\nContent-Type: application/json\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string http_ok(std::string_view body, std::string_view more = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace mcpvigil::test
