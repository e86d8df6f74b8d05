// SPDX-License-Identifier: Apache-2.0
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

TEST(Answer, ToInitializeIsDecisiveAndClaimsTheServer) {
  Decoded d(kInitialized);
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kLegacy);
  EXPECT_EQ(d->sender, Sender::kServer);
  EXPECT_EQ(d->server.name, "everything");
  EXPECT_EQ(d->server.version, "2.0");
  EXPECT_EQ(d->protocol_version, "2025-06-18");
  EXPECT_EQ(d->instructions, "Be kind.");
  EXPECT_EQ(d->method, "");
}

TEST(Answer, ToDiscoverIsDecisiveAndModern) {
  Decoded d(
      result(R"({"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{},)"
             R"("instructions":"Do.","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"3"}}})"));
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kStateless);
  EXPECT_EQ(d->server.name, "s");
  EXPECT_EQ(d->result_type, "complete");
  EXPECT_EQ(d->instructions, "Do.");
  EXPECT_EQ(Decoded(result(R"({"supportedVersions":["1.0"]})"))->evidence, Evidence::kNothing);
  EXPECT_EQ(Decoded(result(R"({"supportedVersions":[]})"))->evidence, Evidence::kNothing);
}

TEST(Answer, ExtraModernMembersDoNotMakeAnEra) {
  Decoded d(result(R"({"resultType":"complete","ttlMs":0,"cacheScope":"public","tools":[],)"
                   R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}}})"));
  EXPECT_EQ(d->era, Era::kUnknown);
  EXPECT_EQ(d->sender, Sender::kServer);
}

TEST(Answer, ShapesOfMcpAreStrongMarks) {
  const struct {
    std::string_view value, mark;
  } table[] = {
      {R"({"tools":[{"name":"echo","inputSchema":{"type":"object"}}]})", "tools[]"},
      {R"({"content":[{"type":"text","text":"hi"}]})", "content[]"},
      {R"({"content":[{"type":"resource_link","uri":"x:y","name":"n"}],"isError":true})", "content[]"},
      {R"({"contents":[{"uri":"file:///a","text":""}]})", "contents[]"},
      {R"({"prompts":[{"name":"greet"}]})", "prompts[]"},
      {R"({"resources":[{"uri":"file:///a","name":"a"}]})", "resources[]"},
      {R"({"resourceTemplates":[{"uriTemplate":"file:///{p}","name":"a"}]})", "resourceTemplates[]"},
  };
  for (const auto& row : table) {
    Decoded d(result(row.value));
    EXPECT_EQ(d->evidence, Evidence::kStrong) << row.value;
    EXPECT_EQ(d->strong_mark, row.mark);
    EXPECT_EQ(d->sender, Sender::kServer);
  }
}

TEST(Answer, EmptyOrOtherListsAreWorthNothing) {
  for (const std::string_view v :
       {R"({"tools":[]})", R"({"tools":[{"name":"x"}]})", R"({"tools":[1]})", R"({"content":"text"})",
        R"({"content":[{"type":"diff"}]})", R"({"contents":[{}]})", R"({"prompts":["a"]})",
        R"({"resources":[{"name":"a"}]})", "{}", "[]", "null", "\"0x1\""}) {
    EXPECT_EQ(Decoded(result(v))->evidence, Evidence::kNothing) << v;
  }
}

TEST(Answer, OfAToolsListHasToolsAndMayGoOn) {
  Decoded d(result(R"({"tools":[{"name":"a","inputSchema":{}}],"nextCursor":"p2"})"));
  ASSERT_TRUE(d->tools);
  EXPECT_EQ(tool_definitions(*d->tools).size(), 1U);
  EXPECT_TRUE(d->has_next_cursor);
  EXPECT_FALSE(Decoded(result(R"({"tools":[],"nextCursor":null})"))->has_next_cursor);
  EXPECT_TRUE(Decoded(result(R"({"tools":[]})"))->tools) << "an empty catalogue is a catalogue";
  EXPECT_FALSE(Decoded(result(R"({"tools":{}})"))->tools);
}

TEST(Answer, TellsToolErrors) {
  EXPECT_TRUE(Decoded(result(R"({"content":[],"isError":true})"))->is_tool_error);
  EXPECT_FALSE(Decoded(result(R"({"content":[],"isError":false})"))->is_tool_error);
  EXPECT_FALSE(Decoded(result(R"({"content":[]})"))->is_tool_error);
}

TEST(Answer, FindsTheTask) {
  EXPECT_EQ(Decoded(result(R"({"resultType":"task","taskId":"t1","ttlMs":1})"))->task_id, "t1");
  EXPECT_EQ(Decoded(result(R"({"task":{"taskId":"t2","status":"working"}})"))->task_id, "t2");
  EXPECT_EQ(Decoded(result(R"({"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t3"}}})"))->task_id, "t3");
}

TEST(Answer, ThatNeedsInputKeepsItsState) {
  Decoded d(
      result(R"({"resultType":"input_required","requestState":"st","inputRequests":{"k":{"method":"roots/list"}}})"));
  EXPECT_EQ(d->result_type, "input_required");
  EXPECT_EQ(d->request_state, "st");
  EXPECT_EQ(d->sender, Sender::kServer);
}

TEST(Answer, OfAClientIsToldByItsShape) {
  EXPECT_EQ(Decoded(result(R"({"roots":[{"uri":"file:///"}]})"))->sender, Sender::kClient);
  EXPECT_EQ(Decoded(result(R"({"action":"accept","content":{"a":1}})"))->sender, Sender::kClient);
  EXPECT_EQ(Decoded(result(R"({"role":"assistant","content":{"type":"text","text":"x"},"model":"m"})"))->sender,
            Sender::kClient);
  EXPECT_EQ(Decoded(result("{}"))->sender, Sender::kUnknown);
}

TEST(Answer, AnErrorHasCodeAndMessage) {
  Decoded d(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}})");
  EXPECT_EQ(d->error_code, -32601);
  EXPECT_EQ(d->error_message, "Method not found");
  EXPECT_EQ(d->evidence, Evidence::kNothing);
  EXPECT_EQ(Decoded(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601.0,"message":7}})")->error_code, -32601);
  EXPECT_EQ(Decoded(R"({"jsonrpc":"2.0","id":1,"error":"gone"})")->error_code, 0);
}

TEST(Answer, AnUnsupportedVersionErrorIsStrong) {
  Decoded d(
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"m","data":{"supported":["2026-07-28"],"requested":"1"}}})");
  EXPECT_EQ(d->evidence, Evidence::kStrong);
  EXPECT_EQ(d->era, Era::kStateless);
}

TEST(Answer, MembersOfUnexpectedTypesAreIgnored) {
  static constexpr std::string_view kKeys[] = {"protocolVersion",
                                               "serverInfo",
                                               "capabilities",
                                               "supportedVersions",
                                               "tools",
                                               "content",
                                               "contents",
                                               "prompts",
                                               "resources",
                                               "resourceTemplates",
                                               "task",
                                               "taskId",
                                               "_meta",
                                               "nextCursor",
                                               "instructions",
                                               "resultType",
                                               "isError",
                                               "requestState",
                                               "roots",
                                               "role",
                                               "action",
                                               "kind",
                                               "agentCapabilities"};
  for (const std::string_view v : {"null", "1", "true", "[]", "{}", "\"s\"", "[[]]", "[{}]", "[null]", "-1.5"}) {
    std::string all = "{";
    for (const auto k : kKeys) {
      Decoded one(result("{\"" + std::string(k) + "\":" + std::string(v) + "}"));
      EXPECT_NE(one->evidence, Evidence::kDecisive);
      all += (all.size() > 1 ? ",\"" : "\"") + std::string(k) + "\":" + std::string(v);
    }
    Decoded d(result(all + "}"));
    EXPECT_NE(d->evidence, Evidence::kDecisive);
    Decoded error(R"({"jsonrpc":"2.0","id":1,"error":{"code":)" + std::string(v) + R"(,"message":)" + std::string(v) +
                  R"(,"data":)" + std::string(v) + "}}");
    EXPECT_NE(error->evidence, Evidence::kDecisive);
  }
}

}  // namespace
}  // namespace mcpvigil::mcp
