// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

class Correlation : public ::testing::Test {
 protected:
  Talk t;
  base::ProcessKey client = t.process(10, "/usr/bin/agent");
  base::ProcessKey server = t.process(20, "/usr/bin/server");
  stream::Channel& in = t.pipe(client, server);
  stream::Channel& out = t.pipe(server, client);
};

TEST_F(Correlation, ARetriedRequestBelongsToTheOneThatAskedForInput) {
  t.says(in, request("1", "tools/call", modern(R"("name":"book","arguments":{})")));
  t.says(
      out,
      result(
          "1",
          R"({"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{}}},"requestState":"st4te"})"));
  t.says(in, request("2", "tools/call", modern(R"("name":"other","arguments":{})")));
  t.says(out, content("2"));
  t.says(
      in,
      request(
          "3", "tools/call",
          modern(R"("name":"book","arguments":{},"inputResponses":{"a":{"action":"accept"}},"requestState":"st4te")")));
  t.says(out, content("3"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 3u);
  EXPECT_EQ(c[0].outcome, "input_required");
  EXPECT_EQ(c[2].outcome, "ok");
  EXPECT_EQ(c[2].correlation, c[0].correlation);
  EXPECT_NE(c[1].correlation, c[0].correlation);
}

TEST_F(Correlation, AnotherRequestStateIsAnotherCall) {
  t.says(in, request("1", "tools/call", modern(R"("name":"book")")));
  t.says(out, result("1", R"({"resultType":"input_required","inputRequests":{},"requestState":"one"})"));
  t.says(in, request("2", "tools/call", modern(R"("name":"book","inputResponses":{},"requestState":"two")")));
  t.says(out, content("2"));
  auto c = t.calls();
  EXPECT_NE(c[0].correlation, c[1].correlation);
}

TEST_F(Correlation, ATasksPollsBelongToTheCallThatMadeIt) {
  t.says(in, request("1", "tools/call", modern(R"("name":"slow")")));
  t.says(out, result("1", R"({"resultType":"task","taskId":"t-9","status":"working"})"));
  t.says(in, request("2", "tasks/get", modern(R"("taskId":"t-9")")));
  t.says(out, result("2", R"({"resultType":"complete","taskId":"t-9","status":"completed"})"));
  t.says(in, request("3", "tasks/get", modern(R"("taskId":"t-10")")));
  t.says(out, error("3", -32602, "unknown task"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 3u);
  EXPECT_EQ(c[0].outcome, "task");
  EXPECT_EQ(c[1].outcome, "ok");
  EXPECT_EQ(c[1].correlation, c[0].correlation);
  EXPECT_NE(c[2].correlation, c[0].correlation);
}

TEST_F(Correlation, ALegacyTasksResultBelongsToTheCallThatMadeIt) {
  t.says(in, initialize("0"));
  t.says(out, initialized("0"));
  t.says(in, request("1", "tools/call", R"({"name":"slow","task":{"ttl":1000}})"));
  t.says(out, result("1", R"({"task":{"taskId":"t-1","status":"working"}})"));
  t.says(in, request("2", "tasks/result", R"({"taskId":"t-1"})"));
  t.says(out, content("2"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 3u);
  EXPECT_EQ(c[1].outcome, "task");
  EXPECT_EQ(c[2].correlation, c[1].correlation);
}

TEST_F(Correlation, ASubscriptionsItemsBelongToTheListenRequest) {
  t.says(in, request("7", "subscriptions/listen", modern(R"("notifications":{})")));
  t.says(out, notification("notifications/subscriptions/acknowledged",
                           R"({"_meta":{"io.modelcontextprotocol/subscriptionId":7}})"));
  t.says(out, notification("notifications/tools/list_changed",
                           R"({"_meta":{"io.modelcontextprotocol/subscriptionId":"7"}})"));
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 3u);
  EXPECT_EQ(m[1].correlation, m[0].correlation);
  EXPECT_EQ(m[2].correlation, m[0].correlation);
}

TEST_F(Correlation, ProgressBelongsToItsCall) {
  t.says(in, request("1", "tools/call", R"({"name":"one","_meta":{"progressToken":"p1"}})"));
  t.says(in, request("2", "tools/call", R"({"name":"two","_meta":{"progressToken":2}})"));
  t.wait(200);
  t.says(out, notification("notifications/progress", R"({"progressToken":2,"progress":1})"));
  t.says(out, notification("notifications/progress", R"({"progressToken":"p1","progress":1})"));
  t.says(out, notification("notifications/progress", R"({"progressToken":"2","progress":1})"));
  t.finish();
  auto m = t.messages();
  ASSERT_EQ(m.size(), 5u);
  EXPECT_EQ(m[2].correlation, m[1].correlation);
  EXPECT_EQ(m[3].correlation, m[0].correlation);
  EXPECT_NE(m[4].correlation, m[1].correlation);  // "2" is not 2
}

TEST_F(Correlation, ATraceparentIsTheCorrelationId) {
  t.says(in, request("1", "tools/call",
                     modern(R"("name":"echo")")
                         .insert(10, R"("traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)")));
  t.says(out, content("1"));
  ASSERT_EQ(t.calls().size(), 1u);
  EXPECT_EQ(t.calls()[0].correlation, "0af7651916cd43dd8448eb211c80319c");
}

TEST_F(Correlation, ABrokenTraceparentIsNot) {
  t.says(in, request("1", "tools/call", modern(R"("name":"echo")").insert(10, R"("traceparent":"00-zz-01",)")));
  t.says(out, content("1"));
  EXPECT_EQ(t.calls()[0].correlation, "c-1");
}

TEST_F(Correlation, ACancelledCallIsOverAndALateAnswerStillKnowsIt) {
  t.says(in, call("1", "slow"));
  t.says(in, notification("notifications/cancelled", R"({"requestId":1})"));
  t.wait(200);
  auto c = t.calls();
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c[0].outcome, "cancelled");
  t.says(out, content("1"));
  EXPECT_EQ(t.calls().size(), 1u);
  auto m = t.messages();
  ASSERT_EQ(m.size(), 3u);
  EXPECT_EQ(m[1].correlation, m[0].correlation);
  EXPECT_FALSE(m[2].unmatched);
  EXPECT_EQ(m[2].tool, "slow");
  EXPECT_EQ(m[2].correlation, m[0].correlation);
}

TEST_F(Correlation, AServerMayCancelASubscriptionAndNothingElse) {
  t.says(in, request("1", "subscriptions/listen", modern()));
  t.says(in, request("2", "tools/call", modern(R"("name":"slow")")));
  t.says(out, notification("notifications/cancelled", R"({"requestId":1})"));
  t.says(out, notification("notifications/cancelled", R"({"requestId":2})"));
  t.wait(200);
  auto c = t.calls();
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c[0].method, "subscriptions/listen");
  EXPECT_EQ(c[0].outcome, "cancelled");
}

TEST_F(Correlation, AnIdUsedAgainClosesTheOlderCallAndIsAFinding) {
  t.says(in, call("1", "first"));
  t.wait(200);
  t.says(in, call("1", "second"));
  t.says(out, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].tool, "first");
  EXPECT_EQ(c[0].outcome, "unanswered");
  EXPECT_EQ(c[1].tool, "second");
  EXPECT_EQ(c[1].outcome, "ok");
  ASSERT_EQ(t.findings().size(), 1u);
  EXPECT_EQ(t.findings()[0].what, "id_reuse");
}

}  // namespace
}  // namespace mcpvigil::session
