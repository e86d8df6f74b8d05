// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "session/header_check.h"
#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

class Findings : public ::testing::Test {
 protected:
  Talk t;
  base::ProcessKey client = t.process(10, "/usr/bin/agent");
  base::ProcessKey server = t.process(20, "/usr/bin/server");

  Told only() {
    auto f = t.findings();
    EXPECT_EQ(f.size(), 1u);
    return f.empty() ? Told{} : f[0];
  }
};

TEST_F(Findings, ADuplicateKeyIsAParserDifferentialToldOnceASession) {
  auto& in = t.pipe(client, server);
  for (int i = 0; i < 3; ++i) {
    t.says(in, R"({"jsonrpc":"2.0","id":)" + std::to_string(i) + R"(,"method":"ping","method":"tools/list"})");
  }
  t.finish();
  Told f = only();
  EXPECT_EQ(f.what, "parser_differential");
  EXPECT_EQ(f.severity, "high");
  EXPECT_EQ(f.client, 10u);
  EXPECT_EQ(t.sessions.counters().findings_suppressed, 2u);
  auto m = t.messages();
  EXPECT_NE(m[0].line.find(R"("oddities":["duplicate_key"])"), std::string::npos);
}

TEST_F(Findings, AnEscapedMethodIsAParserDifferential) {
  t.says(t.pipe(client, server), R"({"jsonrpc":"2.0","id":1,"\u006dethod":"tools/list"})");
  t.finish();
  EXPECT_EQ(only().what, "parser_differential");
}

TEST_F(Findings, AHeaderThatNamesAnotherToolThanTheBody) {
  auto& c = t.tcp(client, server);
  auto& e = t.post(c);
  e.protocol_version = "2026-07-28";
  e.mcp_method = "tools/call";
  e.mcp_name = "read_file";
  t.asks(c, e, request("1", "tools/call", modern(R"("name":"delete_file")")));
  Told f = only();
  EXPECT_EQ(f.what, "header_mismatch");
  EXPECT_EQ(f.detail, R"(Mcp-Name says "read_file", the body says "delete_file")");
  EXPECT_EQ(f.correlation, t.messages()[0].correlation);
}

TEST_F(Findings, AHeaderThatNamesAnotherMethodOrVersion) {
  auto& c = t.tcp(client, server);
  auto& e = t.post(c);
  e.mcp_method = "tools/list";
  t.asks(c, e, request("1", "tools/call", modern(R"("name":"x")")));
  auto& e2 = t.post(c);
  e2.protocol_version = "2025-06-18";
  t.asks(c, e2, request("2", "tools/call", modern(R"("name":"x")")));
  auto f = t.findings();
  ASSERT_EQ(f.size(), 2u);
  EXPECT_EQ(f[0].detail, R"(Mcp-Method says "tools/list", the body says "tools/call")");
  EXPECT_EQ(f[1].detail, R"(MCP-Protocol-Version says "2025-06-18", the body says "2026-07-28")");
}

TEST_F(Findings, HeadersThatAgreeAreNoFinding) {
  auto& c = t.tcp(client, server);
  auto& e = t.post(c);
  e.protocol_version = "2026-07-28";
  e.mcp_method = "tools/call";
  e.mcp_name = "=?base64?w6ljaG8=?=";
  t.asks(c, e,
         request("1", "tools/call",
                 modern("\"name\":\"\xC3\xA9"
                        "cho\"")));
  auto& e2 = t.post(c);
  e2.protocol_version = "2025-11-25";  // Java sends it on initialize too, whatever it asks for
  t.asks(c, e2, initialize("2"));
  auto& e3 = t.post(c);
  e3.mcp_method = "tasks/get";
  e3.mcp_name = "t-1";
  t.asks(c, e3, request("3", "tasks/get", modern(R"("taskId":"t-1")")));
  EXPECT_TRUE(t.findings().empty());
}

TEST(HeaderValue, TheSentinelIsDecodedAndAnythingElseIsLeft) {
  EXPECT_EQ(decode_header_value("echo"), "echo");
  EXPECT_EQ(decode_header_value(" echo\t"), "echo");
  EXPECT_EQ(decode_header_value("=?base64?ZWNobw==?="), "echo");
  EXPECT_EQ(decode_header_value("=?base64?ZWNobw?="), "echo");
  EXPECT_EQ(decode_header_value("=?BASE64?ZWNobw==?="), "=?BASE64?ZWNobw==?=");  // markers are case-sensitive
  EXPECT_EQ(decode_header_value("=?base64?!!?="), std::nullopt);
  EXPECT_EQ(decode_header_value("=?base64?"
                                "?="),
            "");
}

TEST_F(Findings, AServersRequestOnAStatelessChannelIsAViolation) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  t.says(in, request("1", "tools/list", modern()));
  t.says(out, request("1", "sampling/createMessage", R"({"messages":[]})"));
  t.finish();
  Told f = only();
  EXPECT_EQ(f.what, "era_violation");
  EXPECT_EQ(t.messages()[1].era, "stateless");
}

TEST_F(Findings, AServersRequestInALegacySessionIsNone) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  t.says(in, initialize("0"));
  t.says(out, initialized("0"));
  t.says(out, request("1", "sampling/createMessage", R"({"messages":[]})"));
  t.finish();
  EXPECT_TRUE(t.findings().empty());
}

TEST_F(Findings, AServerThatCallsToolsOfItsClientIsOutOfItsRole) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  t.says(in, initialize("0"));
  t.says(out, initialized("0"));
  t.says(out, call("1", "echo"));
  t.finish();
  EXPECT_EQ(only().what, "role_violation");
}

TEST_F(Findings, AServerThatTakesAnotherNameIsAFinding) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  t.says(in, initialize("0"));
  t.says(out, initialized("0", "files"));
  t.says(in, initialize("1"));
  t.says(out, initialized("1", "banking"));
  t.finish();
  auto f = t.findings();
  ASSERT_FALSE(f.empty());
  EXPECT_EQ(f[0].what, "claim_changed");
  EXPECT_NE(f[0].detail.find("banking"), std::string::npos);
}

TEST_F(Findings, AServerKnownByAnotherNameFromAnEarlierSessionIsAFinding) {
  auto again = t.process(21, "/usr/bin/server");
  for (auto who : {server, again}) {
    auto &in = t.pipe(client, who), &out = t.pipe(who, client);
    t.says(in, initialize("0"));
    t.says(out, initialized("0", who == server ? "files" : "banking"));
  }
  Told f = only();
  EXPECT_EQ(f.what, "claim_changed");
  EXPECT_EQ(f.severity, "medium");
}

TEST_F(Findings, ABlindSpotOfAPartyIsToldAndLowersCoverage) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  t.says(in, call("1", "echo"));
  t.says(out, content("1"));
  event::ProcessNote n;
  n.ts = {t.clock};
  n.process = server;
  n.what = event::BlindSpot::kIoUring;
  n.detail = "io_uring_enter";
  t.sessions.on_note(n);
  t.sessions.on_note(n);
  t.says(in, call("2", "echo"));
  t.says(out, content("2"));
  Told f = only();
  EXPECT_EQ(f.what, "blind_spot");
  auto m = t.messages();
  EXPECT_EQ(m[0].coverage, "full");
  EXPECT_EQ(m[2].coverage, "partial");
  auto p = t.of("process");
  ASSERT_EQ(p.size(), 3u);
  EXPECT_EQ(p[2].what, "coverage");
  EXPECT_EQ(p[2].coverage, "partial");
  EXPECT_EQ(p[2].detail, "io_uring: io_uring_enter");
}

TEST_F(Findings, AGapBeforeAMessageIsPartialCoverage) {
  auto& in = t.pipe(client, server);
  t.gap = true;
  t.says(in, call("1", "echo"));
  t.finish();
  EXPECT_EQ(t.messages()[0].coverage, "partial");
  EXPECT_NE(t.messages()[0].line.find("\"gap\":true"), std::string::npos);
}

TEST_F(Findings, ProcessesAreToldWhenTheyComeAndGo) {
  t.says(t.pipe(client, server), call("1", "echo"));
  t.finish();
  t.sessions.on_exit({{t.clock}, server});
  t.sessions.on_exit({{t.clock}, t.process(99, "/usr/bin/ls")});
  auto p = t.of("process");
  ASSERT_EQ(p.size(), 3u);
  EXPECT_EQ(p[0].what, "started");
  EXPECT_EQ(p[0].client, 10u);
  EXPECT_EQ(p[1].client, 20u);
  EXPECT_EQ(p[2].what, "ended");
  EXPECT_EQ(p[2].client, 20u);
}

}  // namespace
}  // namespace mcpvigil::session
