// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "unit/jsonrpc/parsed.h"

namespace mcpvigil::jsonrpc {
namespace {

std::uint32_t oddities(std::string_view text) {
  Parsed p(text);
  EXPECT_EQ(p.messages.size(), 1U) << text;
  return p.messages.empty() ? 0xFFFFFFFF : p.only().oddities;
}

TEST(Duplicates, LastWinsAtTheRoot) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list","id":2})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().method, "tools/list");
  EXPECT_EQ(p.only().id.integer, 2);
  EXPECT_EQ(p.only().oddities, kDuplicateKey);
}

TEST(Duplicates, AreSeenInEveryObjectWeRead) {
  for (const std::string_view text :
       {R"({"jsonrpc":"2.0","id":1,"method":"m","params":{},"params":{}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","x":1,"x":2})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"a","name":"b"}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"a":1,"a":1}}})",
        R"({"jsonrpc":"2.0","id":1,"result":{"tools":[],"tools":[]}})",
        R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"a":1,"a":1}}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"code":2,"message":""}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"a","\u006eame":"b"}})"}) {
    EXPECT_TRUE(oddities(text) & kDuplicateKey) << text;
  }
}

TEST(Duplicates, AreNotSoughtInWhatWeDoNotRead) {
  EXPECT_EQ(oddities(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"arguments":{"a":1,"a":2}}})"), 0U);
  EXPECT_EQ(oddities(R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"a"}]}})"), 0U);
}

TEST(Duplicates, AreSeenAmongThousandsOfMembers) {
  for (const int n : {15, 16, 17, 40, 5000}) {
    std::string members;
    for (int i = 0; i < n; ++i) members += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_EQ(oddities(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{)" + members + R"("last":1}})"), 0U) << n;
    EXPECT_EQ(oddities(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{)" + members + R"("k3":1}})"), kDuplicateKey)
        << n;
  }
}

TEST(Last, GivesTheLastOfEqualNames) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"a","name":"b"}})");
  EXPECT_EQ(string_at(*p.only().params, "name"), "b");
  EXPECT_EQ(string_at(*p.only().params, "none"), "");
}

TEST(Escapes, InMemberNamesAndTheMethodAreFlaggedAndUnderstood) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"\u006dethod":"tools\/list"})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().method, "tools/list");
  EXPECT_EQ(p.only().oddities, kEscapedKey);
  for (const std::string_view text :
       {R"({"jsonrpc":"2.0","id":1,"\u006dethod":"tools/list"})", R"({"jsonrpc":"2.0","id":1,"method":"tools\/list"})",
        R"({"jsonrpc":"2.0","id":1,"method":"\u0074ools/call","params":{}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"n\u0061me":"x"}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"io.modelcontextprotocol\/clientInfo":{}}}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"\u005fmeta":{}}})",
        R"({"jsonrpc":"2.0","id":1,"result":{"\u0074ools":[]}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"c\u006Fde":1}})"}) {
    EXPECT_EQ(oddities(text), kEscapedKey) << text;
  }
}

TEST(Escapes, WithAnHonestReasonAreNotFlagged) {
  for (const std::string_view text :
       {// values: what serializers escape, and what nobody minds
        R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"a\nb \"c\" \\ \/ \u0041"}]}})",
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u0065cho","arguments":{"\u0061":1}}})",
        // names outside ASCII, as Python writes them; what Go and .NET escape for HTML
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"na\u00efve":1,"a\u003cb":2,"c\u0026d":3,"e\u002Bf":4}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"quote\"d":1,"tab\t":2,"back\\slash":3}})",
        // text that only looks like an escaped name
        R"({"jsonrpc":"2.0","id":1,"result":{"text":"{\"\\u006dethod\":\"tools\\/list\"}"}})",
        // deeper than what we read
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"arguments":{"deep":{"\u0061":1}}}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{},"arguments":{"\u0061":1}}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{}},"other":[{"\u0061":1}]})"}) {
    EXPECT_EQ(oddities(text), 0U) << text;
  }
}

TEST(Escapes, BelongToTheirElementOfABatch) {
  Parsed p(
      R"([{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":[1,2,"\/"]}},{"jsonrpc":"2.0","id":2,"\u006dethod":"b"},)"
      R"({"jsonrpc":"2.0","id":3,"method":"c"},{"jsonrpc":"2.0","id":4,"method":"\/","params":{"\u0061":[]}}])");
  ASSERT_EQ(p.messages.size(), 4U);
  EXPECT_EQ(p.messages[0].oddities, kBatched);
  EXPECT_EQ(p.messages[1].oddities, kBatched | kEscapedKey);
  EXPECT_EQ(p.messages[2].oddities, kBatched);
  EXPECT_EQ(p.messages[3].oddities, kBatched | kEscapedKey);
}

TEST(WrongCase, IsFlaggedAndNotTakenForTheMember) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","PARAMS":{}})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().method, "ping");
  EXPECT_FALSE(p.only().params);
  EXPECT_EQ(p.only().oddities, kWrongCase);
}

TEST(WrongCase, IncludesTheLongSThatGoFolded) {
  EXPECT_EQ(oddities("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"param\xC5\xBF\":{}}"), kWrongCase);
  EXPECT_EQ(oddities("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"re\xC5\xBFUlt\":{}}"), kWrongCase);
}

TEST(WrongCase, WithoutTheRealMemberIsNoMessageAndStillTold) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"Method":"tools/call"})");
  EXPECT_EQ(p.why, base::SkipReason::kNotJsonRpc);
  EXPECT_EQ(p.parser.oddities(), kWrongCase);
}

TEST(Version, MissingOrOtherIsFlagged) {
  EXPECT_EQ(oddities(R"({"id":1,"method":"thread/start","params":{}})"), kNoVersion);
  EXPECT_EQ(oddities(R"({"jsonrpc":"1.0","id":1,"method":"m"})"), kNoVersion);
  EXPECT_EQ(oddities(R"({"jsonrpc":2.0,"id":1,"method":"m"})"), kNoVersion);
  EXPECT_EQ(oddities(R"({"id":1,"result":{}})"), kNoVersion);
}

TEST(RawNewline, IsFlaggedInsideAMessageOnly) {
  EXPECT_EQ(oddities("{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 1, \"method\": \"ping\"\n}"), kRawNewline);
  EXPECT_EQ(oddities("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"), 0U);
}

TEST(MixedShape, IsARequestWhenItHasAMethod) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"method":"ping","result":{}})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kRequest);
  EXPECT_EQ(p.only().oddities, kMixedShape);
  p.give(R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}})");
  EXPECT_EQ(p.only().kind, Kind::kError);
  EXPECT_EQ(p.only().oddities, kMixedShape);
}

TEST(Oddity, EveryBitHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::uint32_t bit = 0; bit < kOddityCount; ++bit) names.insert(name(static_cast<Oddity>(1U << bit)));
  EXPECT_EQ(names.size(), kOddityCount);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace mcpvigil::jsonrpc
