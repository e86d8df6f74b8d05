// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

using Pids = std::vector<std::uint32_t>;

class Relay : public ::testing::Test {
 protected:
  Talk t;
  base::ProcessKey client = t.process(10, "/usr/bin/agent");
  base::ProcessKey tee = t.process(15, "/usr/bin/tee", {"tee", "log"});
  base::ProcessKey server = t.process(20, "/usr/bin/server");
};

TEST_F(Relay, ATeeInFrontOfTheServerIsAHop) {
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server), &out = t.pipe(server, client);
  for (const char* id : {"1", "2", "3", "4", "5", "6"}) {
    t.says(in, call(id, "echo"));
    t.says(on, call(id, "echo"));
    t.says(out, content(id));
  }
  auto m = t.messages();
  ASSERT_EQ(m.size(), 12u);
  for (std::size_t i = 0; i < m.size(); ++i) {
    EXPECT_EQ(m[i].client, 10u) << i;
    EXPECT_EQ(m[i].server, 20u) << i;
    EXPECT_EQ(m[i].session, m[0].session) << i;
    EXPECT_FALSE(m[i].unmatched) << i;
    EXPECT_EQ(m[i].hops, i % 2 == 0 ? Pids{15} : Pids{}) << i;  // the answer took the direct way
  }
  auto c = t.calls();
  ASSERT_EQ(c.size(), 6u);
  EXPECT_EQ(c[0].hops, Pids{15});
  EXPECT_EQ(t.sessions.counters().relay_copies, 6u);
}

TEST_F(Relay, ARelayOfBothDirectionsIsOneSession) {
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server);
  auto &out = t.pipe(server, tee), &back = t.pipe(tee, client);
  for (const char* id : {"1", "2", "3", "4", "5", "6"}) {
    t.says(in, call(id, "echo"));
    t.says(on, call(id, "echo"));
    t.says(out, content(id));
    t.says(back, content(id));
  }
  auto m = t.messages();
  ASSERT_EQ(m.size(), 12u);
  for (const Told& each : m) {
    EXPECT_EQ(each.client, 10u);
    EXPECT_EQ(each.server, 20u);
    EXPECT_EQ(each.session, m[0].session);
    EXPECT_EQ(each.hops, Pids{15});
    EXPECT_FALSE(each.unmatched);
  }
  EXPECT_EQ(t.calls().size(), 6u);
  EXPECT_EQ(t.sessions.live_sessions(), 1u);
}

TEST_F(Relay, TwoRelaysInARowAreTwoHopsInOrder) {
  auto second = t.process(16, "/usr/bin/wrap");
  auto &a = t.pipe(client, tee), &b = t.pipe(tee, second), &c = t.pipe(second, server);
  auto &d = t.pipe(server, second), &e = t.pipe(second, tee), &f = t.pipe(tee, client);
  for (auto* p : {&a, &b, &c}) t.says(*p, call("1", "echo"));
  for (auto* p : {&d, &e, &f}) t.says(*p, content("1"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m[0].hops, (Pids{15, 16}));
  EXPECT_EQ(m[1].hops, (Pids{15, 16}));
  EXPECT_EQ(m[1].server, 20u);
  EXPECT_EQ(m[1].client, 10u);
}

TEST_F(Relay, OnlyTheServersOutputIsTeed) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, tee), &back = t.pipe(tee, client);
  for (const char* id : {"1", "2", "3", "4", "5"}) {
    t.says(in, call(id, "echo"));
    t.says(out, content(id));
    t.says(back, content(id));
  }
  auto m = t.messages();
  ASSERT_EQ(m.size(), 10u);
  for (std::size_t i = 0; i < m.size(); ++i) {
    EXPECT_EQ(m[i].client, 10u);
    EXPECT_EQ(m[i].server, 20u);
    EXPECT_EQ(m[i].hops, i % 2 == 0 ? Pids{} : Pids{15});
  }
  EXPECT_EQ(t.calls().size(), 5u);
}

TEST_F(Relay, ARelayThatPrintsTheJsonAnewIsStillAHop) {
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server);
  t.says(in, R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"b":2}}})");
  t.says(on, R"({"id":1,"params":{"arguments":{"b":2,"a":1},"name":"echo"},"method":"tools/call","jsonrpc":"2.0"})");
  t.finish();
  ASSERT_EQ(t.messages().size(), 1u);
  EXPECT_EQ(t.messages()[0].hops, Pids{15});
}

TEST_F(Relay, TheSameContentElsewhereOnTheHostIsAnotherMessage) {
  auto c2 = t.process(11, "/usr/bin/agent"), s2 = t.process(21, "/usr/bin/server");
  auto &one = t.pipe(client, server), &two = t.pipe(c2, s2);
  t.says(one, call("1", "echo"));
  t.says(two, call("1", "echo"));
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_NE(m[0].session, m[1].session);
}

TEST_F(Relay, AChangedArgumentIsAnotherMessage) {
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server);
  t.says(in, call("1", "echo", R"({"path":"/tmp/a"})"));
  t.says(on, call("1", "echo", R"({"path":"/etc/passwd"})"));
  t.finish();
  ASSERT_EQ(t.messages().size(), 2u);
}

TEST_F(Relay, AServerThatAsksAnotherServerIsNotARelay) {
  auto inner = t.process(30, "/usr/bin/inner");
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  auto &in2 = t.pipe(server, inner), &out2 = t.pipe(inner, server);
  t.says(in, call("1", "outer"));
  t.says(in2, call("1", "inner"));
  t.says(out2, content("1"));
  t.says(out, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].tool, "inner");
  EXPECT_EQ(c[0].client, 20u);
  EXPECT_EQ(c[0].server, 30u);
  EXPECT_EQ(c[1].tool, "outer");
  EXPECT_TRUE(c[1].hops.empty());
}

TEST_F(Relay, AFirstMessageWaitsNoLongerThanTheHold) {
  auto& in = t.pipe(client, server);
  t.says(in, notification("notifications/initialized"));
  EXPECT_TRUE(t.messages().empty());
  t.wait(99);
  EXPECT_TRUE(t.messages().empty());
  t.wait(1);
  ASSERT_EQ(t.messages().size(), 1u);
}

TEST_F(Relay, AnAnswerEndsTheWait) {
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  t.says(in, call("1", "echo"));
  EXPECT_TRUE(t.messages().empty());
  t.says(out, content("1"));
  EXPECT_EQ(t.messages().size(), 2u);
}

TEST_F(Relay, ALaneWithThreeMessagesAndNoCopyIsNeverHeldAgain) {
  auto& in = t.pipe(client, server);
  for (const char* id : {"1", "2", "3"})
    t.says(in, notification("notifications/progress", R"({"progressToken":)" + std::string(id) + "}"));
  t.wait(200);
  ASSERT_EQ(t.messages().size(), 3u);
  t.says(in, call("4", "echo"));
  EXPECT_EQ(t.messages().size(), 4u);
}

TEST_F(Relay, ARelayedLaneGoesOnBeingHeld) {
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server);
  for (int i = 0; i < 10; ++i) {
    std::string text = notification("notifications/progress", R"({"progressToken":)" + std::to_string(i) + "}");
    t.says(in, text);
    t.wait(30);
    t.says(on, text);
    t.wait(200);
  }
  auto m = t.messages();
  ASSERT_EQ(m.size(), 10u);
  for (const Told& each : m) EXPECT_EQ(each.hops, Pids{15});
}

TEST_F(Relay, ACopyAfterTheHoldOfARequestIsNoSecondCall) {
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server), &out = t.pipe(server, client);
  t.says(in, call("1", "echo"));
  t.says(on, call("1", "echo"));
  t.says(out, content("1"));
  t.says(in, call("2", "echo"));
  t.wait(500);  // the relay was stopped for a while
  t.says(on, call("2", "echo"));
  t.says(out, content("2"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 4u);
  EXPECT_EQ(m[2].server, 20u);  // known from before, though this copy was not seen in time
  EXPECT_EQ(m[2].hops, Pids{15});
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[1].outcome, "ok");
  EXPECT_EQ(c[1].server, 20u);
  EXPECT_EQ(c[1].hops, Pids{15});
}

TEST_F(Relay, ABridgeFromStdioToHttpIsOneCallToTheRemoteServer) {
  auto bridge = t.process(17, "/usr/bin/node", {"node", "/opt/mcp-remote.js"});
  auto &in = t.pipe(client, bridge), &back = t.pipe(bridge, client);
  auto& web = t.remote(bridge);
  auto& first = t.post(web);
  t.says(in, initialize("0"));
  t.asks(web, first, initialize("0"));
  t.head(web, first, 200, "abc");
  t.replies(web, first, initialized("0"));
  t.end(web, first);
  t.says(back, initialized("0"));
  auto& second = t.post(web);
  second.session_id = "abc";
  t.says(in, call("1", "echo"));
  t.asks(web, second, call("1", "echo"));
  t.head(web, second, 200);
  t.replies(web, second, content("1"));
  t.end(web, second);
  t.says(back, content("1"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 4u);
  for (const Told& each : m) {
    EXPECT_EQ(each.client, 10u);
    EXPECT_EQ(each.server, 0u);  // elsewhere
    EXPECT_EQ(each.hops, Pids{17});
    EXPECT_EQ(each.session, m[0].session);
    EXPECT_FALSE(each.unmatched);
    EXPECT_EQ(each.transport, "tcp");
  }
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[1].outcome, "ok");
}

TEST_F(Relay, ClosingAChannelGivesOutWhatWaitsOnIt) {
  auto& in = t.pipe(client, server);
  t.says(in, call("1", "echo"));
  t.close(in);
  ASSERT_EQ(t.messages().size(), 1u);
}

}  // namespace
}  // namespace mcpvigil::session
