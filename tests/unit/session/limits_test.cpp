// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

TEST(Limits, TheLeastRecentlyUsedSessionIsGivenUpWhenThereAreTooMany) {
  SessionLimits limits;
  limits.max_sessions = 2;
  limits.hop_hold_ns = 0;
  Talk t(limits);
  auto client = t.process(10, "/usr/bin/agent");
  stream::Channel* pipes[3];
  for (std::uint32_t i = 0; i < 3; ++i) pipes[i] = &t.pipe(client, t.process(20 + i, "/usr/bin/server"));
  t.says(*pipes[0], call("1", "zero"));
  t.says(*pipes[1], call("1", "one"));
  t.says(*pipes[0], call("2", "zero"));
  t.says(*pipes[2], call("1", "two"));
  t.wait(1);
  EXPECT_EQ(t.sessions.live_sessions(), 2u);
  auto c = t.calls();
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c[0].tool, "one");
  EXPECT_EQ(c[0].outcome, "evicted");
  EXPECT_EQ(t.sessions.counters().sessions_evicted, 1u);
  t.says(*pipes[1], call("2", "one"));  // its lane is free for a new session
  t.wait(1);
  EXPECT_EQ(t.messages().size(), 5u);
}

TEST(Limits, TheOldestOpenRequestIsClosedWhenThereAreTooMany) {
  SessionLimits limits;
  limits.max_pending_requests = 2;
  Talk t(limits);
  auto& in = t.pipe(t.process(10, "/usr/bin/agent"), t.process(20, "/usr/bin/server"));
  for (const char* id : {"1", "2", "3"}) t.says(in, call(id, "t"));
  t.wait(200);
  auto c = t.calls();
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c[0].id, "1");
  EXPECT_EQ(c[0].outcome, "evicted");
  EXPECT_EQ(t.messages().size(), 3u);
}

TEST(Limits, TheEndClosesWhatIsOpenInOrder) {
  Talk t;
  auto& in = t.pipe(t.process(10, "/usr/bin/agent"), t.process(20, "/usr/bin/server"));
  for (const char* id : {"1", "2", "3"}) t.says(in, call(id, "t"));
  t.finish();
  auto c = t.calls();
  ASSERT_EQ(c.size(), 3u);
  EXPECT_EQ(t.messages().size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(c[static_cast<std::size_t>(i)].id, std::to_string(i + 1));
    EXPECT_EQ(c[static_cast<std::size_t>(i)].outcome, "unanswered");
  }
  EXPECT_EQ(t.sessions.live_sessions(), 0u);
}

TEST(Limits, AFloodOfFirstMessagesIsGivenOutEarlyNotLost) {
  Talk t;
  auto& in = t.pipe(t.process(10, "/usr/bin/agent"), t.process(20, "/usr/bin/server"));
  std::uint64_t start = t.clock;
  for (int i = 0; i < 6000; ++i) {
    t.says(in, notification("notifications/progress", R"({"progressToken":1})"));
    t.clock = start;  // all at one moment: nothing expires
  }
  EXPECT_GE(t.messages().size(), 6000u - 1024u);
  t.finish();
  EXPECT_EQ(t.messages().size(), 6000u);
}

TEST(Limits, MegabytesAsANameAnIdOrAMethodAreNotRemembered) {
  Talk t;
  auto client = t.process(10, "/usr/bin/agent"), server = t.process(20, "/usr/bin/server");
  auto &in = t.pipe(client, server), &out = t.pipe(server, client);
  std::string big(1 << 20, 'x');
  t.says(in, call("\"" + big + "\"", big));
  t.says(out, content("\"" + big + "\""));
  t.says(in, request("2", big));
  t.finish();
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].outcome, "ok");
  EXPECT_EQ(c[0].tool.size(), 1024u);
  EXPECT_EQ(c[0].id.substr(0, 8), "\"sha256:");
  EXPECT_EQ(c[1].method.size(), 256u);
  EXPECT_LT(c[1].line.size(), 4096u);
}

// The same conversation told twice: every line the same, byte for byte.
void everything(Talk& t) {
  auto client = t.process(10, "/usr/bin/node", {"node", "agent.mjs"});
  auto tee = t.process(15, "/usr/bin/tee");
  auto server = t.process(20, "/usr/bin/python3", {"python3", "-m", "weather"}, 10);
  auto &in = t.pipe(client, tee), &on = t.pipe(tee, server), &out = t.pipe(server, client);
  for (auto* p : {&in, &on}) t.says(*p, initialize("0"));
  t.says(out, initialized("0"));
  for (auto* p : {&in, &on}) t.says(*p, request("1", "tools/list"));
  t.says(out, result("1", R"({"tools":[{"name":"b","inputSchema":{}},{"name":"a","inputSchema":{}}]})"));
  auto& web = t.remote(client);
  for (int i = 0; i < 5; ++i) {
    auto& e = t.post(web);
    e.mcp_method = "tools/list";
    t.asks(web, e, request("1", "tools/call", modern(R"("name":"x")")));
    t.replies(web, e, content("1"));
    t.end(web, e);
  }
  t.says(in, call("2", "a"));
  t.says(out, content("77"));
  t.sessions.on_exit({{t.clock}, server});
  t.finish();
}

TEST(Determinism, TheSameInputGivesTheSameBytes) {
  Talk one, two;
  everything(one);
  everything(two);
  EXPECT_FALSE(one.lines().empty());
  EXPECT_EQ(one.lines(), two.lines());
}

TEST(Determinism, SessionIdsOfARunDiffer) {
  Talk t;
  auto client = t.process(10, "/usr/bin/agent");
  std::set<std::string> ids;
  for (std::uint32_t i = 0; i < 500; ++i) t.says(t.pipe(client, t.process(100 + i, "/usr/bin/server")), call("1", "t"));
  t.finish();
  for (const Told& m : t.messages()) ids.insert(m.session);
  EXPECT_EQ(ids.size(), 500u);
}

}  // namespace
}  // namespace mcpvigil::session
