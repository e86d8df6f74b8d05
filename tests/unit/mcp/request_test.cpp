// SPDX-License-Identifier: Apache-2.0
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

constexpr std::string_view kModernMeta =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},)"
    R"("io.modelcontextprotocol/clientInfo":{"name":"go","version":"1.8"},"progressToken":"p1",)"
    R"("traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","tracestate":"a=b"})";

TEST(Request, InitializeIsDecisiveAndClaimsClientAndVersion) {
  Decoded d(kInitialize);
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kLegacy);
  EXPECT_EQ(d->sender, Sender::kClient);
  EXPECT_EQ(d->client.name, "demo");
  EXPECT_EQ(d->client.version, "1.2");
  EXPECT_EQ(d->protocol_version, "2025-11-25");
}

TEST(Request, InitializeIsDecisiveForEveryRevision) {
  for (const std::string_view v :
       {"2024-10-07", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"}) {
    Decoded d(request("initialize", R"({"protocolVersion":")" + std::string(v) +
                                        R"(","capabilities":{},"clientInfo":{"name":"c","version":"1"}})"));
    EXPECT_EQ(d->evidence, Evidence::kDecisive) << v;
    EXPECT_EQ(d->era, Era::kLegacy) << v << ": it is a handshake whatever it claims";
    EXPECT_EQ(d->protocol_version, v);
  }
}

TEST(Request, InitializeThatLacksAPartDecidesNothing) {
  for (const std::string_view params :
       {R"({"protocolVersion":"2025-11-25","capabilities":{}})", R"({"capabilities":{},"clientInfo":{"name":"c"}})",
        R"({"protocolVersion":"2025-11-25","clientInfo":{"name":"c"}})",
        R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":7}})",
        R"({"protocolVersion":"2025-11-25","capabilities":"all","clientInfo":{"name":"c"}})",
        R"({"clientInfo":{"name":"c"}})", "{}"}) {
    EXPECT_EQ(Decoded(request("initialize", params))->evidence, Evidence::kNothing) << params;
  }
}

TEST(Request, InitializeWithADraftVersionIsOnlyStrong) {
  Decoded d(
      request("initialize", R"({"protocolVersion":"DRAFT-2026-v1","capabilities":{},"clientInfo":{"name":"c"}})"));
  EXPECT_EQ(d->evidence, Evidence::kStrong);
  EXPECT_EQ(d->strong_mark, "initialize");
}

TEST(Request, ModernMetaIsDecisiveAndGivesEraClaimsAndTrace) {
  Decoded d(request("tools/call", R"({"name":"echo","arguments":{},)" + std::string(kModernMeta) + "}"));
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kStateless);
  EXPECT_EQ(d->tool, "echo");
  EXPECT_EQ(d->client.name, "go");
  EXPECT_EQ(d->protocol_version, "2026-07-28");
  ASSERT_TRUE(d->progress_token);
  EXPECT_EQ(d->progress_token->text, "p1");
  EXPECT_EQ(d->traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(d->tracestate, "a=b");
}

TEST(Request, ModernMetaIsDecisiveOnUnknownMethodsToo) {
  Decoded d(request("vendor/x", "{" + std::string(kModernMeta) + "}"));
  EXPECT_FALSE(d->known_method);
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
}

TEST(Request, MetaThatClaimsAnOlderVersionIsNoModernEra) {
  Decoded d(request("tools/list", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}})"));
  EXPECT_EQ(d->era, Era::kUnknown);
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  Decoded later(request("tools/list", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2027-01-01"}})"));
  EXPECT_EQ(later->era, Era::kStateless);
}

TEST(Request, OthersMetaIsNoEvidence) {
  Decoded d(request("ping", R"({"_meta":{"progressToken":3,"com.example/x":1,"traceparent":"t"}})"));
  EXPECT_EQ(d->evidence, Evidence::kNothing);
  ASSERT_TRUE(d->progress_token);
  EXPECT_EQ(d->progress_token->integer, 3);
}

TEST(Request, ToolsCallWithANameIsStrong) {
  Decoded d(request("tools/call", R"({"name":"echo"})"));
  EXPECT_EQ(d->evidence, Evidence::kStrong);
  EXPECT_EQ(d->tool, "echo");
  EXPECT_EQ(Decoded(request("tools/call", R"({"name":5})"))->evidence, Evidence::kNothing);
}

TEST(Request, GivesTheLastOfDuplicateNames) {
  EXPECT_EQ(Decoded(request("tools/call", R"({"name":"echo","name":"rm"})"))->tool, "rm");
}

TEST(Request, NamesPromptsAndResources) {
  EXPECT_EQ(Decoded(request("prompts/get", R"({"name":"greet"})"))->prompt, "greet");
  for (const std::string_view m : {"resources/read", "resources/subscribe", "resources/unsubscribe"}) {
    EXPECT_EQ(Decoded(request(m, R"({"uri":"file:///etc/passwd"})"))->uri, "file:///etc/passwd") << m;
  }
  EXPECT_EQ(Decoded(notification("notifications/resources/updated", R"({"uri":"x:y"})"))->uri, "x:y");
}

TEST(Request, FindsTheTaskItIsAbout) {
  EXPECT_EQ(Decoded(request("tasks/get", R"({"taskId":"t1"})"))->task_id, "t1");
  EXPECT_EQ(Decoded(notification("notifications/tasks/status", R"({"taskId":"t2","status":"working"})"))->task_id,
            "t2");
  Decoded related(
      request("elicitation/create", R"({"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t3"}}})"));
  EXPECT_EQ(related->task_id, "t3");
  EXPECT_EQ(related->evidence, Evidence::kDecisive);
}

TEST(Request, ARetryCarriesStateAndAnswers) {
  Decoded d(
      request("tools/call", R"({"name":"book","requestState":"opaque","inputResponses":{"a":{"action":"accept"}}})"));
  EXPECT_EQ(d->request_state, "opaque");
  EXPECT_TRUE(d->has_input_responses);
}

TEST(Notification, ProgressAndCancelledNameWhatTheyAreAbout) {
  Decoded progress(notification("notifications/progress", R"({"progress":1,"total":2,"progressToken":2})"));
  ASSERT_TRUE(progress->progress_token);
  EXPECT_EQ(progress->progress_token->integer, 2);
  Decoded cancelled(notification("notifications/cancelled", R"({"requestId":"abc","reason":"late"})"));
  ASSERT_TRUE(cancelled->cancelled_id);
  EXPECT_EQ(cancelled->cancelled_id->text, "abc");
  EXPECT_FALSE(Decoded(notification("notifications/cancelled", R"({"requestId":null})"))->cancelled_id);
}

TEST(Notification, OfASubscriptionIsModernAndKeepsTheIdsType) {
  Decoded d(notification("notifications/tools/list_changed",
                         R"({"_meta":{"io.modelcontextprotocol/subscriptionId":"listen-1"}})"));
  EXPECT_EQ(d->subscription_id, "listen-1");
  EXPECT_EQ(d->era, Era::kStateless);
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  Decoded n(
      notification("notifications/tools/list_changed", R"({"_meta":{"io.modelcontextprotocol/subscriptionId":4}})"));
  ASSERT_TRUE(n->subscription);
  EXPECT_EQ(n->subscription->integer, 4);
  EXPECT_EQ(n->subscription_id, "");
}

TEST(Request, MembersOfUnexpectedTypesAreIgnored) {
  for (const std::string_view v : {"null", "1", "true", "[]", "{}", "\"s\"", "[[]]", "[{}]"}) {
    const std::string s(v);
    for (const std::string_view m : {"initialize", "tools/call", "prompts/get", "resources/read", "tasks/get", "x/y",
                                     "notifications/progress", "notifications/cancelled", "mcp/message"}) {
      Decoded d(request(m, R"({"name":)" + s + R"(,"uri":)" + s + R"(,"taskId":)" + s + R"(,"_meta":)" + s +
                               R"(,"protocolVersion":)" + s + R"(,"capabilities":)" + s + R"(,"clientInfo":)" + s +
                               R"(,"progressToken":)" + s + R"(,"requestId":)" + s + R"(,"requestState":)" + s +
                               R"(,"message":)" + s + R"(,"method":)" + s + "}"));
      EXPECT_EQ(d->method, m);
      Decoded whole(request(m, v));
      EXPECT_EQ(whole->method, m);
    }
  }
}

}  // namespace
}  // namespace mcpvigil::mcp
