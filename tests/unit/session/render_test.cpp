// SPDX-License-Identifier: Apache-2.0
#include "session/render.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "session/json_text.h"
#include "session/redact.h"

namespace mcpvigil::session {
namespace {

using nlohmann::json;

struct Example {
  event::ProcessFacts client, server;
  MessageRecord m;
  Example() {
    client.process = {4100, 1795247998100000000};
    client.uid = 1000;
    client.exe = "/usr/bin/node";
    client.argv = {"node", "agent.mjs"};
    client.user = "ana";
    client.cgroup = "/user.slice";
    server = client;
    server.process = {4107, 1795247998500000000};
    server.argv = {"node", "server.js"};
    m.ts = {1795248000123456789};
    m.session_id = "s-7f3a";
    m.correlation_id = "c-91";
    m.transport = {"socketpair", "ndjson", false};
    m.client.facts = &client;
    m.client.process = client.process;
    m.client.claimed_name = "demo-agent";
    m.client.claimed_version = "1.0";
    m.server.facts = &server;
    m.server.process = server.process;
    m.server.claimed_name = "everything";
    m.server.claimed_version = "2.0";
    m.server.server_id = "srv-5c1d";
    m.era = mcp::Era::kLegacy;
    m.protocol_version = "2025-11-25";
    m.kind = jsonrpc::Kind::kRequest;
    m.method = "tools/call";
    m.tool = "echo";
    m.id.type = jsonrpc::Id::Type::kInteger;
    m.id.integer = 3;
    m.bytes = 203;
    m.coverage = "full";
  }
};

std::string line(const Record& r, PayloadMode p = PayloadMode::kNone, std::uint64_t seq = 42) {
  JsonRenderer renderer({"node-1", p});
  std::string out;
  renderer.append(r, seq, out);
  return out;
}

TEST(Render, AMessageIsTheLineOfTheSchema) {
  Example e;
  EXPECT_EQ(
      line(e.m),
      R"({"v":1,"type":"message","ts":"2026-11-21T08:00:00.123456789Z","host":"node-1","seq":42,)"
      R"("session_id":"s-7f3a","correlation_id":"c-91","transport":{"kind":"socketpair","framing":"ndjson","tls":false},)"
      R"("client":{"pid":4100,"start":"2026-11-21T07:59:58.1Z","exe":"/usr/bin/node","cmdline":["node","agent.mjs"],)"
      R"("uid":1000,"user":"ana","cgroup":"/user.slice","container":null,"pod":null,"name":"demo-agent","version":"1.0"},)"
      R"("server":{"id":"srv-5c1d","pid":4107,"start":"2026-11-21T07:59:58.5Z","exe":"/usr/bin/node",)"
      R"("cmdline":["node","server.js"],"uid":1000,"user":"ana","cgroup":"/user.slice","container":null,"pod":null,)"
      R"("name":"everything","version":"2.0"},)"
      R"("hops":[],"mcp":{"era":"legacy","protocol_version":"2025-11-25","direction":"client_to_server",)"
      R"("kind":"request","method":"tools/call","tool":"echo","id":3},"bytes":203,"gap":false,"coverage":"full"})"
      "\n");
}

TEST(Render, WhatIsNotKnownIsNull) {
  MessageRecord m;
  json j = json::parse(line(m));
  EXPECT_TRUE(j["server"]["id"].is_null());
  EXPECT_TRUE(j["client"]["pid"].is_null());
  EXPECT_TRUE(j["client"]["exe"].is_null());
  EXPECT_TRUE(j["mcp"]["id"].is_null());
  EXPECT_TRUE(j["mcp"]["era"].is_null());
  EXPECT_TRUE(j["session_id"].is_null());
  EXPECT_FALSE(j.contains("payload"));
  EXPECT_FALSE(j.contains("unmatched"));
  EXPECT_FALSE(j.contains("oddities"));
}

TEST(Render, IdsKeepTheirJsonType) {
  Example e;
  e.m.id.type = jsonrpc::Id::Type::kString;
  e.m.id.text = "3\"\n";
  EXPECT_EQ(json::parse(line(e.m))["mcp"]["id"], "3\"\n");
  e.m.id = {};
  e.m.id.type = jsonrpc::Id::Type::kReal;
  e.m.id.real = 1.5;
  e.m.id.text = "1.5";
  EXPECT_EQ(json::parse(line(e.m))["mcp"]["id"], 1.5);
}

TEST(Render, HopsOdditiesAndUnmatchedAreToldWhenThereAreAny) {
  Example e;
  e.m.hops.push_back(e.m.client);
  e.m.unmatched = true;
  e.m.oddities = jsonrpc::kDuplicateKey | jsonrpc::kBatched;
  json j = json::parse(line(e.m));
  EXPECT_EQ(j["hops"][0]["pid"], 4100);
  EXPECT_EQ(j["unmatched"], true);
  EXPECT_EQ(j["oddities"], (json{"duplicate_key", "batched"}));
}

TEST(Render, ACallAddsItsAnswer) {
  Example e;
  CallRecord c;
  c.message = e.m;
  c.latency_ns = 1'234'500;
  c.outcome = "error";
  c.error_code = -32601;
  c.error_message = "no \"such\" tool";
  c.request_bytes = 10;
  c.response_bytes = 20;
  json j = json::parse(line(c));
  EXPECT_EQ(j["type"], "call");
  EXPECT_EQ(j["latency_ms"], 1.2345);
  EXPECT_EQ(j["error"]["code"], -32601);
  EXPECT_EQ(j["error"]["message"], "no \"such\" tool");
  EXPECT_EQ(j["response_bytes"], 20);
  c.outcome = "ok";
  EXPECT_TRUE(json::parse(line(c))["error"].is_null());
}

TEST(Render, ARemotePeerHasAnAddressInPlaceOfAPid) {
  Example e;
  e.m.server = {};
  e.m.server.address = {6, {0x20, 0x01, 0x0d, 0xb8}, 443};
  json j = json::parse(line(e.m));
  EXPECT_EQ(j["server"]["address"], "2001:db8::");
  EXPECT_EQ(j["server"]["port"], 443);
  EXPECT_FALSE(j["server"].contains("pid"));
  EXPECT_TRUE(j["server"]["exe"].is_null());
}

TEST(Render, TheOtherTypesAreJsonLinesToo) {
  Example e;
  InventoryRecord i;
  i.what = "tool_changed";
  i.tool = "x";
  i.party = e.m.server;
  FindingRecord f;
  f.kind = "id_reuse";
  f.detail = "line\nbreak";
  ProcessRecord p;
  p.what = "coverage";
  p.party = e.m.client;
  LossRecord l;
  l.reason = base::LossReason::kRingFull;
  l.bytes = 7;
  HealthRecord h;
  h.status = "ready";
  h.ledger.seen = 10;
  h.ledger.parsed = 4;
  h.ledger.skip(base::SkipReason::kBlank, 6);
  h.capabilities = {{"lsm", "no: not in this kernel"}};
  for (const Record& r : std::vector<Record>{i, f, p, l, h}) {
    std::string text = line(r);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    json j = json::parse(text);
    EXPECT_EQ(j["v"], 1);
    EXPECT_EQ(j["seq"], 42);
  }
  EXPECT_EQ(json::parse(line(i))["party"]["id"], "srv-5c1d");
  EXPECT_EQ(json::parse(line(l))["reason"], "ring_full");
  json health = json::parse(line(h));
  EXPECT_EQ(health["bytes"]["skipped"]["blank"], 6);
  EXPECT_EQ(health["bytes"]["pending"], 0);
  EXPECT_EQ(health["capabilities"]["lsm"], "no: not in this kernel");
}

TEST(Render, NewFactsOfAProcessAreShown) {
  Example e;
  JsonRenderer r({"h", PayloadMode::kNone});
  std::string out;
  r.append(e.m, 1, out);
  event::ProcessFacts other = e.server;
  other.exe = "/usr/bin/other";
  e.m.server.facts = &other;
  out.clear();
  r.append(e.m, 2, out);
  EXPECT_EQ(json::parse(out)["server"]["exe"], "/usr/bin/other");
}

TEST(Render, ManyProcessesDoNotGrowTheCacheWithoutEnd) {
  Example e;
  JsonRenderer r({"h", PayloadMode::kNone});
  std::string out;
  for (std::uint32_t pid = 1; pid < 20000; ++pid) {
    e.m.server.process = {pid, 1};
    out.clear();
    r.append(e.m, pid, out);
    ASSERT_NE(out.find("\"pid\":" + std::to_string(pid)), std::string::npos);
  }
}

TEST(JsonText, AnyBytesMakeAValidString) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  for (std::string_view s :
       {std::string_view(all), std::string_view("\xC0\xAF"), std::string_view("\xED\xA0\x80"),
        std::string_view("\xF4\x90\x80\x80"), std::string_view("\xE2\x82"), std::string_view("\xFF")}) {
    std::string out;
    append_string(s, out);
    EXPECT_TRUE(json::accept(out)) << out;
    EXPECT_NE(out.find("\xEF\xBF\xBD"), std::string::npos);
  }
  std::string good;
  append_string("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \"\\\n\t\x01", good);
  EXPECT_EQ(good, "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \\\"\\\\\\n\\t\\u0001\"");
}

TEST(JsonText, TimesAreRightOverLeapYearsAndTheEpoch) {
  auto time = [](std::uint64_t ns) {
    std::string out;
    append_time({ns}, out);
    return out;
  };
  EXPECT_EQ(time(0), "\"1970-01-01T00:00:00.000000000Z\"");
  EXPECT_EQ(time(1709210096000000001), "\"2024-02-29T12:34:56.000000001Z\"");
  EXPECT_EQ(time(4107542399999999999), "\"2100-02-28T23:59:59.999999999Z\"");
  EXPECT_EQ(time(4107542400000000000), "\"2100-03-01T00:00:00.000000000Z\"");
  std::string out;
  append_milliseconds(1'000'000, out);
  append_milliseconds(1, out = out + " ");
  EXPECT_EQ(out, "1 0.000001");
}

TEST(Payload, FullIsTheExactTextAsAString) {
  Example e;
  e.m.payload = "{\n  \"a\": 1, \"\\u0061\": \"x\\ny\"\r\n}";
  std::string text = line(e.m, PayloadMode::kFull);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(json::parse(text)["payload"], e.m.payload);
}

TEST(Payload, RedactedIsAStringToo) {
  Example e;
  e.m.payload = R"({"params":{"arguments":{"a":"secret"}}})";
  EXPECT_EQ(json::parse(line(e.m, PayloadMode::kRedacted))["payload"],
            R"({"params":{"arguments":{"a":"<redacted:6 bytes>"}}})");
}

std::string redacted(std::string_view text) {
  std::string out;
  append_redacted(text, out);
  EXPECT_TRUE(json::accept(out)) << out;
  return out;
}

TEST(Payload, RedactedKeepsStructureAndNamesNotWhatWasSaid) {
  EXPECT_EQ(
      redacted(
          R"({"jsonrpc":"2.0","id":"abc","method":"tools/call","params":{"name":"echo","arguments":{"password":"hunter2","n":7,"list":["a","bc"],"name":"me"},"_meta":{"x":"y"}}})"),
      R"({"jsonrpc":"2.0","id":"abc","method":"tools/call","params":{"name":"echo","arguments":{"password":"<redacted:7 bytes>","n":7,"list":["<redacted:1 bytes>","<redacted:2 bytes>"],"name":"<redacted:2 bytes>"},"_meta":{"x":"<redacted:1 bytes>"}}})");
  EXPECT_EQ(
      redacted(R"({"result":{"content":[{"type":"text","text":"secret"}],"structuredContent":{"a":"b"}},"id":1})"),
      R"({"result":{"content":[{"type":"<redacted:4 bytes>","text":"<redacted:6 bytes>"}],"structuredContent":{"a":"<redacted:1 bytes>"}},"id":1})");
}

TEST(Payload, RedactedKeepsTheProtocolsOwnWords) {
  std::string list = R"({"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}}],"nextCursor":"n"},"id":1})";
  EXPECT_EQ(redacted(list), list);
  std::string hello =
      R"({"method":"initialize","params":{"protocolVersion":"2025-11-25","clientInfo":{"name":"x","version":"1"}}})";
  EXPECT_EQ(redacted(hello), hello);
}

TEST(Payload, RedactedHidesWhatIsSpelledToEscapeIt) {
  for (std::string_view text :
       {R"({"\u0070arams":{"name":"secret"}})", R"({"params":["secret"]})", R"({"params":"secret"})",
        R"({"extra":{"method":"secret"}})", R"({"result":"secret"})", R"({"params":{"n\u0061me":"secret"}})",
        R"({"params":{"arguments":{"a":{"b":[[{"name":"secret"}]]}}}})",
        R"({"params":{"name":"x","arguments":{"k":"a\"secret"}}})",
        R"({"error":{"code":1,"data":{"message":"secret"}}})"}) {
    EXPECT_EQ(redacted(text).find("secret"), std::string::npos) << text;
  }
}

TEST(Payload, NoneHasNoMember) {
  Example e;
  e.m.payload = "{}";
  EXPECT_FALSE(json::parse(line(e.m)).contains("payload"));
}

TEST(Text, ACallIsOneAlignedLine) {
  Example e;
  CallRecord c;
  c.message = e.m;
  c.latency_ns = 12'345'678;
  c.outcome = "ok";
  c.request_bytes = 203;
  c.response_bytes = 1800;
  std::string out;
  append_text(c, {}, out);
  EXPECT_EQ(out,
            "08:00:00.123 demo-agent         -> everything         echo                                2.0 kB   12.3 "
            "ms ok\n");
}

TEST(Text, WhatAServerWritesCannotMoveTheCursor) {
  Example e;
  FindingRecord f;
  f.kind = "k";
  f.severity = "high";
  f.detail =
      "a\x1b[2Jb\nc\xC2\x9B"
      "d";
  e.m.server.claimed_name = "evil\x1b]0;x\x07";
  f.server = e.m.server;
  std::string out;
  append_text(f, {}, out);
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_EQ(out.find('\x07'), std::string::npos);
  EXPECT_EQ(out.find("\xC2\x9B"), std::string::npos);
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  EXPECT_NE(out.find("a?[2Jb?c?d"), std::string::npos) << out;
}

TEST(Text, ColoursOnlyWhenAsked) {
  Example e;
  CallRecord c;
  c.message = e.m;
  c.outcome = "error";
  std::string plain, colored, none;
  append_text(c, {}, plain);
  append_text(c, {.color = true, .messages = false}, colored);
  append_text(e.m, {}, none);
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(colored.find("\x1b[31m"), std::string::npos);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace mcpvigil::session
