// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

class Stdio : public ::testing::Test {
 protected:
  Talk t;
  base::ProcessKey client = t.process(10, "/usr/bin/agent");
  base::ProcessKey server = t.process(20, "/usr/bin/server");
};

TEST_F(Stdio, TwoPipesAreOneSession) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, initialize("0"));
  t.says(out, initialized("0"));
  t.says(in, call("1", "echo"));
  t.says(out, content("1"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 4u);
  for (const Told& each : m) {
    EXPECT_EQ(each.session, m[0].session);
    EXPECT_EQ(each.client, 10u);
    EXPECT_EQ(each.server, 20u);
    EXPECT_FALSE(each.unmatched);
    EXPECT_EQ(each.transport, "pipe");
    EXPECT_EQ(each.framing, "ndjson");
  }
  EXPECT_EQ(m[3].method, "tools/call");
  EXPECT_EQ(m[3].tool, "echo");
  EXPECT_EQ(m[3].correlation, m[2].correlation);
  EXPECT_NE(m[3].correlation, m[0].correlation);
  EXPECT_EQ(m[0].session.substr(0, 2), "s-");
  EXPECT_EQ(m[0].session.size(), 10u);
}

TEST_F(Stdio, TwoSocketpairsUsedOneWayEachAreOneSession) {
  auto& in = t.socketpair(client, server);
  auto& out = t.socketpair(client, server);
  t.says(in, initialize("0"));
  t.answers(out, initialized("0"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m[0].session, m[1].session);
  EXPECT_FALSE(m[1].unmatched);
  EXPECT_EQ(m[0].transport, "socketpair");
}

TEST_F(Stdio, ASocketpairCarriesBothDirections) {
  auto& both = t.socketpair(client, server);
  t.says(both, initialize("0"));
  t.answers(both, initialized("0"));
  ASSERT_EQ(t.calls().size(), 1u);
  EXPECT_EQ(t.calls()[0].outcome, "ok");
}

TEST_F(Stdio, ACallTellsLatencySizesAndOutcome) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, call("7", "echo"));
  t.clock += 4'000'000;
  t.says(out, content("7"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c[0].latency_ns, 5'000'000u);
  EXPECT_EQ(c[0].request_bytes, call("7", "echo").size());
  EXPECT_EQ(c[0].response_bytes, content("7").size());
  EXPECT_EQ(c[0].outcome, "ok");
  EXPECT_EQ(c[0].tool, "echo");
  EXPECT_EQ(c[0].id, "7");
}

TEST_F(Stdio, ErrorsAndToolErrorsAreTwoOutcomes) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, call("1", "echo"));
  t.says(out, error("1", -32601, "no such tool"));
  t.says(in, call("2", "echo"));
  t.says(out, result("2", R"({"content":[],"isError":true})"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].outcome, "error");
  EXPECT_EQ(c[0].error_code, -32601);
  EXPECT_EQ(c[0].error, "no such tool");
  EXPECT_EQ(c[1].outcome, "tool_error");
}

TEST_F(Stdio, SameIdsInTwoSessionsDoNotMix) {
  auto other = t.process(30, "/usr/bin/other");
  auto &in1 = t.pipe(client, server), &out1 = t.pipe(server, client);
  auto &in2 = t.pipe(client, other), &out2 = t.pipe(other, client);
  t.says(in1, call("1", "one"));
  t.says(in2, call("1", "two"));
  t.says(out2, content("1"));
  t.says(out1, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].tool, "two");
  EXPECT_EQ(c[0].server, 30u);
  EXPECT_EQ(c[1].tool, "one");
  EXPECT_EQ(c[1].server, 20u);
  EXPECT_NE(c[0].session, c[1].session);
}

TEST_F(Stdio, TwoSessionsBetweenTheSameProcessesKeepTheirIdsApart) {
  auto &in1 = t.pipe(client, server), &out1 = t.pipe(server, client);
  auto &in2 = t.pipe(client, server), &out2 = t.pipe(server, client);
  t.says(in1, call("1", "one"));
  t.says(out1, content("1"));
  t.says(in2, call("1", "two"));
  t.says(out2, content("1"));
  for (int i = 2; i < 6; ++i) {
    std::string id = std::to_string(i);
    t.says(in1, call(id, "one"));
    t.says(in2, call(id, "two"));
    t.says(out2, content(id, "short"));
    t.says(out1, content(id, "a longer answer"));
  }
  auto c = t.calls();
  ASSERT_EQ(c.size(), 10u);
  for (const Told& each : c) {
    EXPECT_EQ(each.session, each.tool == "one" ? c[0].session : c[1].session);
    if (each.id != "1") {
      EXPECT_EQ(each.response_bytes, content("2", each.tool == "two" ? "short" : "a longer answer").size());
    }
  }
  EXPECT_NE(c[0].session, c[1].session);
}

TEST_F(Stdio, ReturnPipesTakenForEachOthersAreSortedOutByIds) {
  auto &in1 = t.pipe(client, server), &out1 = t.pipe(server, client);
  auto &in2 = t.pipe(client, server), &out2 = t.pipe(server, client);
  t.says(in1, call("1", "one"));
  t.says(in2, call("1", "two"));
  t.says(out2, content("1"));  // taken for the answer to "one", which is older: nothing says better
  t.says(out1, content("1"));
  t.says(in1, call("8", "one"));
  t.says(in2, call("9", "two"));
  t.says(out1, content("8"));
  t.says(out2, content("9"));
  t.says(in1, call("10", "one"));
  t.says(in2, call("10", "two"));
  t.says(out2, content("10", "from two"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 5u);
  EXPECT_EQ(c[2].tool, "one");
  EXPECT_EQ(c[3].tool, "two");
  EXPECT_EQ(c[4].tool, "two");
  for (const Told& m : t.messages()) EXPECT_FALSE(m.unmatched);
}

TEST_F(Stdio, ANumberAndAStringAreTwoIds) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, call("1", "number"));
  t.says(in, call("\"1\"", "string"));
  t.says(out, content("\"1\""));
  t.says(out, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].tool, "string");
  EXPECT_EQ(c[1].tool, "number");
}

TEST_F(Stdio, BothSidesMayUseTheSameIdAtOnce) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, call("1", "echo"));
  t.says(out, request("1", "sampling/createMessage", R"({"messages":[]})"));
  t.says(in, result("1", R"({"role":"assistant","content":{"type":"text","text":"x"},"model":"m"})"));
  t.says(out, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].method, "sampling/createMessage");
  EXPECT_FALSE(c[0].to_server);
  EXPECT_EQ(c[0].client, 10u);
  EXPECT_EQ(c[1].method, "tools/call");
  EXPECT_TRUE(c[1].to_server);
}

TEST_F(Stdio, AnAnswerWithoutARequestIsToldAndMarked) {
  auto& out = t.pipe(server, client);
  t.says(out, content("99"));
  t.wait(200);
  auto m = t.messages();
  ASSERT_EQ(m.size(), 1u);
  EXPECT_TRUE(m[0].unmatched);
  EXPECT_EQ(m[0].client, 10u);  // content[] is what servers send
  EXPECT_EQ(m[0].server, 20u);
  EXPECT_TRUE(t.calls().empty());
  EXPECT_EQ(t.sessions.counters().unmatched_answers, 1u);
}

TEST_F(Stdio, AnAnswerIsWaitedForAsLongAsTheChannelLives) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, call("1", "slow"));
  t.wait(3'600'000);
  t.says(out, content("1"));
  ASSERT_EQ(t.calls().size(), 1u);
  EXPECT_EQ(t.calls()[0].outcome, "ok");
}

TEST_F(Stdio, AWrongFirstGuessIsCorrectedByDecisiveEvidence) {
  auto& out = t.pipe(server, client);
  auto& in = t.pipe(client, server);
  t.says(out, request("1", "ping"));  // may come from either side: the first to ask is taken for the client
  t.says(in, result("1"));
  t.says(in, request("5", "tools/list"));
  t.wait(200);
  auto m = t.messages();
  ASSERT_EQ(m.size(), 3u);
  EXPECT_EQ(m[0].client, 20u);
  EXPECT_EQ(m[2].client, 10u);
  EXPECT_TRUE(m[2].to_server);
  EXPECT_EQ(m[2].session, m[0].session);
  t.says(out, request("2", "ping"));
  t.wait(200);
  EXPECT_FALSE(t.messages()[3].to_server);
}

TEST_F(Stdio, ClosingThePipesClosesTheSessionAndItsOpenCalls) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, initialize("0"));
  t.says(out, initialized("0"));
  t.says(in, call("1", "never"));
  t.close(in);
  EXPECT_EQ(t.sessions.live_sessions(), 1u);
  t.close(out);
  EXPECT_EQ(t.sessions.live_sessions(), 0u);
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[1].outcome, "unanswered");
}

TEST_F(Stdio, AReaderThatIsKnownOnlyLaterIsStillTheServer) {
  auto& in = t.pipe(client, {});
  auto& out = t.pipe(server, client);
  t.says(in, initialize("0"));
  in.b.process = server;  // the server's read was seen after the client's write
  t.says(out, initialized("0"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m[0].server, 20u);
  EXPECT_EQ(m[0].session, m[1].session);
  EXPECT_FALSE(m[1].unmatched);
}

TEST_F(Stdio, AReaderNeverSeenIsWhoeverAnswers) {
  auto& in = t.pipe(client, {});
  auto& out = t.pipe(server, client);
  t.says(in, initialize("0"));
  t.says(out, initialized("0"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m[0].server, 20u);
  EXPECT_EQ(m[0].session, m[1].session);
}

TEST_F(Stdio, RecordsOfOneDirectionKeepTheirOrder) {
  auto& in = t.pipe(client, server);
  for (int i = 0; i < 20; ++i) t.says(in, call(std::to_string(i), "echo"));
  t.wait(200);
  for (int i = 20; i < 40; ++i) t.says(in, call(std::to_string(i), "echo"));
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(m[static_cast<std::size_t>(i)].id, std::to_string(i));
}

TEST_F(Stdio, TheHandshakeNamesTheParties) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, initialize("0", "demo-agent"));
  t.says(out, initialized("0", "everything", "2025-06-18"));
  t.says(in, request("1", "tools/list"));
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 3u);
  EXPECT_EQ(m[0].client_name, "demo-agent");
  EXPECT_EQ(m[0].version, "2025-11-25");  // asked for
  EXPECT_EQ(m[2].client_name, "demo-agent");
  EXPECT_EQ(m[2].server_name, "everything");
  EXPECT_EQ(m[2].version, "2025-06-18");  // agreed
  EXPECT_EQ(m[2].era, "legacy");
}

TEST_F(Stdio, BothErasMayShareOnePipe) {
  auto& in = t.pipe(client, server);
  auto& out = t.pipe(server, client);
  t.says(in, request("1", "server/discover", modern()));
  t.says(out, error("1", -32601, "unknown method"));
  t.says(in, initialize("2"));
  t.says(out, initialized("2"));
  t.says(in, request("3", "tools/list", modern()));
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 5u);
  EXPECT_EQ(m[0].era, "stateless");
  EXPECT_EQ(m[1].era, "stateless");
  EXPECT_EQ(m[2].era, "legacy");
  EXPECT_EQ(m[3].era, "legacy");
  EXPECT_EQ(m[4].era, "stateless");  // it claims so itself
}

TEST_F(Stdio, ABatchsMessagesAreToldEachWithItsOwnText) {
  auto& in = t.pipe(client, server);
  t.says(in, "[" + call("1", "a") + ", " + call("2", "b") + "]");
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m[0].payload, call("1", "a"));
  EXPECT_EQ(m[1].payload, call("2", "b"));
}

}  // namespace
}  // namespace mcpvigil::session
