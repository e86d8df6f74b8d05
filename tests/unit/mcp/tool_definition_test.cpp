// SPDX-License-Identifier: Apache-2.0
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

std::vector<ToolDefinition> tools(const Decoded& d) {
  EXPECT_TRUE(d->tools);
  return tool_definitions(*d->tools);
}

TEST(ToolDefinitions, ReadsNamesTextsAndHints) {
  Decoded d(result(R"({"tools":[{"name":"get","title":"Get it","description":"Gets.","inputSchema":{},)"
                   R"("annotations":{"readOnlyHint":true,"destructiveHint":false}},)"
                   R"({"name":"rm","inputSchema":{},"annotations":{"title":"Remove"}}]})"));
  const auto t = tools(d);
  ASSERT_EQ(t.size(), 2U);
  EXPECT_EQ(t[0].name, "get");
  EXPECT_EQ(t[0].title, "Get it");
  EXPECT_EQ(t[0].description, "Gets.");
  EXPECT_TRUE(t[0].read_only_hint);
  EXPECT_FALSE(t[0].destructive_hint);
  EXPECT_EQ(t[1].title, "Remove");
  EXPECT_FALSE(t[1].read_only_hint) << "defaults are pessimistic";
  EXPECT_TRUE(t[1].destructive_hint);
}

TEST(ToolDefinitions, HashIsSha256OfTheCanonicalJson) {
  Decoded d(result(R"({"tools":[{"inputSchema":{},"name":"a"}]})"));
  const auto t = tools(d);
  ASSERT_EQ(t.size(), 1U);
  EXPECT_EQ(t[0].canonical, R"({"inputSchema":{},"name":"a"})");
  // printf '%s' '{"inputSchema":{},"name":"a"}' | sha256sum
  EXPECT_EQ(t[0].definition_hash, "bb2f1d131767ea25a891174b97d7c1c425f016c5d1ed61dbc7c29da6e7a9eb62");
}

TEST(ToolDefinitions, HashIgnoresSpellingAndSeesEveryChange) {
  const auto hash = [](std::string_view tool) {
    Decoded d(result(R"({"tools":[)" + std::string(tool) + "]}"));
    const auto t = tools(d);
    return t.size() == 1 ? t[0].definition_hash : std::string();
  };
  const auto base =
      hash(R"({"name":"a","description":"does a","inputSchema":{"type":"object","properties":{"x":{"default":1}}}})");
  EXPECT_EQ(
      base,
      hash(
          R"( {"inputSchema":{"properties":{"x":{"default":1.0}},"type":"object"}, "description":"do\u0065s a","name":"a"})"));
  EXPECT_NE(
      base,
      hash(R"({"name":"a","description":"does A","inputSchema":{"type":"object","properties":{"x":{"default":1}}}})"));
  EXPECT_NE(
      base,
      hash(R"({"name":"a","description":"does a","inputSchema":{"type":"object","properties":{"x":{"default":2}}}})"));
  EXPECT_NE(
      base,
      hash(
          R"({"name":"a","description":"does a","inputSchema":{"type":"object","properties":{"x":{"default":1}}},"_meta":{"ui":1}})"));
}

TEST(ToolDefinitions, SkipsWhatIsNoTool) {
  Decoded d(result(R"({"tools":[1,"x",{},{"name":7},[],{"name":"ok"},null]})"));
  const auto t = tools(d);
  ASSERT_EQ(t.size(), 1U);
  EXPECT_EQ(t[0].name, "ok");
  EXPECT_TRUE(tool_definitions(d.message.root).empty());
}

}  // namespace
}  // namespace mcpvigil::mcp
