// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/jsonrpc/parsed.h"

namespace mcpvigil::jsonrpc {
namespace {

using base::SkipReason;

TEST(Parser, TakesARequest) {
  Parsed p(R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}})");
  ASSERT_TRUE(p.ok());
  ASSERT_EQ(p.messages.size(), 1U);
  const Message& m = p.only();
  EXPECT_EQ(m.kind, Kind::kRequest);
  EXPECT_EQ(m.id.type, Id::Type::kInteger);
  EXPECT_EQ(m.id.integer, 2);
  EXPECT_EQ(m.method, "tools/call");
  ASSERT_TRUE(m.params);
  EXPECT_EQ(string_at(*m.params, "name"), "echo");
  EXPECT_EQ(m.oddities, 0U);
  EXPECT_EQ(m.text, p.buffer.view());
  EXPECT_EQ(m.batch_size, 1U);
}

TEST(Parser, TakesMembersInAnyOrder) {
  Parsed p(R"({"params":{"name":"echo"},"method":"tools/call","id":2,"jsonrpc":"2.0"})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kRequest);
  EXPECT_EQ(p.only().method, "tools/call");
  EXPECT_EQ(p.only().oddities, 0U);
}

TEST(Parser, TakesANotification) {
  Parsed p(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kNotification);
  EXPECT_EQ(p.only().id.type, Id::Type::kAbsent);
  EXPECT_FALSE(p.only().params);
}

TEST(Parser, TakesAResult) {
  Parsed p(R"({"result":{"content":[]},"jsonrpc":"2.0","id":"a"})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kResponse);
  EXPECT_EQ(p.only().id.text, "a");
  EXPECT_TRUE(p.only().result);
  EXPECT_TRUE(p.only().method.empty());
}

TEST(Parser, TakesAnErrorEvenWithoutId) {
  Parsed p(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kError);
  EXPECT_EQ(p.only().id.type, Id::Type::kNull);
  EXPECT_EQ(p.only().oddities, 0U);
  p.give(R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().id.type, Id::Type::kAbsent);
}

TEST(Parser, TakesANullResultForAResponse) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"result":null})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kResponse);
}

TEST(Parser, OverlooksTheNullMembersOfJsonRpcOnePointZero) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"result":{},"error":null})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kResponse);
  EXPECT_FALSE(p.only().error);
  EXPECT_EQ(p.only().oddities, 0U);
  p.give(R"({"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"x"}})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().kind, Kind::kError);
  EXPECT_FALSE(p.only().result);
}

TEST(Parser, StripsAByteOrderMarkAndWhiteSpace) {
  Parsed p("\xEF\xBB\xBF \r\n{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\r\n");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().text, R"({"jsonrpc":"2.0","method":"ping","id":1})");
  EXPECT_EQ(p.only().oddities, 0U);
}

TEST(Parser, GivesABatchInOrder) {
  Parsed p(R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"result":{}}])");
  ASSERT_TRUE(p.ok());
  ASSERT_EQ(p.messages.size(), 2U);
  EXPECT_EQ(p.messages[0].kind, Kind::kRequest);
  EXPECT_EQ(p.messages[1].kind, Kind::kResponse);
  EXPECT_EQ(p.messages[1].batch_index, 1U);
  EXPECT_EQ(p.messages[1].batch_size, 2U);
  EXPECT_EQ(p.messages[1].oddities, kBatched);
  EXPECT_EQ(p.messages[1].text, p.buffer.view());
}

TEST(Parser, GivesTheGoodElementsOfABatchAndCountsTheBad) {
  Parsed p(R"([1,{"jsonrpc":"2.0","id":1,"method":"ping"},{},[{"jsonrpc":"2.0","id":3,"method":"ping"}]])");
  EXPECT_EQ(p.why, SkipReason::kNotJsonRpc);
  EXPECT_EQ(p.parser.bad_elements(), 3U);
  ASSERT_EQ(p.messages.size(), 1U);
  EXPECT_EQ(p.only().batch_index, 1U);
  EXPECT_EQ(p.only().batch_size, 4U);
}

TEST(Parser, AnEmptyBatchIsNoMessage) {
  Parsed p("[]");
  EXPECT_EQ(p.why, SkipReason::kNotJsonRpc);
  EXPECT_EQ(p.parser.bad_elements(), 0U);
}

struct Refused {
  std::string_view what, text;
  SkipReason why;
};

TEST(Parser, SaysWhyATextIsNoMessage) {
  const Refused table[] = {
      {"nothing", "", SkipReason::kMalformedJson},
      {"blank", " \r\n", SkipReason::kMalformedJson},
      {"prose", "Server listening on stdio", SkipReason::kMalformedJson},
      {"unclosed object", R"({"jsonrpc":"2.0","id":1,"method":"ping")", SkipReason::kMalformedJson},
      {"trailing comma", R"({"jsonrpc":"2.0","id":1,"method":"ping",})", SkipReason::kMalformedJson},
      {"two texts", R"({"jsonrpc":"2.0","id":1,"method":"ping"}{})", SkipReason::kMalformedJson},
      {"control character in a string", "{\"jsonrpc\":\"2.0\",\"method\":\"a\nb\"}", SkipReason::kMalformedJson},
      {"bad escape", R"({"jsonrpc":"2.0","method":"\x61"})", SkipReason::kMalformedJson},
      {"number with leading zero", R"({"jsonrpc":"2.0","id":01,"method":"ping"})", SkipReason::kMalformedJson},
      {"NaN", R"({"jsonrpc":"2.0","id":NaN,"method":"ping"})", SkipReason::kMalformedJson},
      {"overlong UTF-8", "{\"jsonrpc\":\"2.0\",\"method\":\"\xC0\xAF\"}", SkipReason::kBadUtf8},
      {"surrogate in UTF-8", "{\"jsonrpc\":\"2.0\",\"method\":\"\xED\xA0\x80\"}", SkipReason::kBadUtf8},
      {"cut UTF-8", "{\"jsonrpc\":\"2.0\",\"method\":\"\xE2\x82\"}", SkipReason::kBadUtf8},
      {"latin-1", "{\"jsonrpc\":\"2.0\",\"method\":\"caf\xE9\"}", SkipReason::kBadUtf8},
      {"a scalar", "42", SkipReason::kNotJsonRpc},
      {"a string", R"("tools/list")", SkipReason::kNotJsonRpc},
      {"an empty object", "{}", SkipReason::kNotJsonRpc},
      {"a log line", R"({"level":"info","msg":"ready"})", SkipReason::kNotJsonRpc},
      {"version alone", R"({"jsonrpc":"2.0","id":1})", SkipReason::kNotJsonRpc},
      {"method that is no string", R"({"jsonrpc":"2.0","id":1,"method":5})", SkipReason::kNotJsonRpc},
      {"null error alone", R"({"jsonrpc":"2.0","id":1,"error":null})", SkipReason::kNotJsonRpc},
      {"an error body of some web API", R"({"error":{"message":"no such page"}})", SkipReason::kNotJsonRpc},
      {"a result of some web API", R"({"result":[1,2]})", SkipReason::kNotJsonRpc},
      {"an OAuth error", R"({"error":"invalid_grant","id":7})", SkipReason::kNotJsonRpc},
      {"unversioned with params of no legal type", R"({"method":"GET","params":"a=b"})", SkipReason::kNotJsonRpc},
      {"a Claude control line", R"({"type":"control_request","request_id":"1","request":{"subtype":"interrupt"}})",
       SkipReason::kNotJsonRpc},
  };
  Parsed p;
  for (const auto& row : table) {
    p.give(row.text);
    EXPECT_EQ(p.why, row.why) << row.what;
    EXPECT_TRUE(p.messages.empty()) << row.what;
  }
}

TEST(Parser, ShowsTheDocumentThatIsNoJsonRpc) {
  Parsed p(R"({"type":"control_request"})");
  ASSERT_TRUE(p.parser.document());
  EXPECT_EQ(string_at(*p.parser.document(), "type"), "control_request");
  p.give("not json");
  EXPECT_FALSE(p.parser.document());
}

TEST(Parser, TakesAMessageOfTheLargestSizeAndRefusesALargerText) {
  const std::string head = R"({"jsonrpc":"2.0","id":1,"result":{"text":")";
  std::string text = head + std::string((64ULL << 20) - head.size() - 3, 'x') + R"("}})";
  ASSERT_EQ(text.size(), 64ULL << 20);
  Parsed p(text);
  EXPECT_TRUE(p.ok());
  text.insert(head.size(), std::string(2ULL << 20, 'x'));
  p.give(text);
  EXPECT_EQ(p.why, SkipReason::kTooLarge);
  EXPECT_TRUE(p.messages.empty());
}

TEST(Parser, WorksOnAfterTextsOfEverySizeAndKind) {
  Parsed p;
  const std::string small = R"({"jsonrpc":"2.0","id":7,"method":"ping"})";
  for (const std::size_t n : {10U, 5000U, 1U << 20, 9U << 20, 100U, 5U << 20, 6U << 20}) {
    p.give(R"({"jsonrpc":"2.0","id":1,"result":")" + std::string(n, 'x') + R"("})");
    ASSERT_TRUE(p.ok()) << n;
    p.give("{\"broken\":" + std::string(n, '['));
    ASSERT_FALSE(p.ok()) << n;
    p.give(small);
    ASSERT_TRUE(p.ok()) << n;
    ASSERT_EQ(p.only().id.integer, 7);
  }
  p.parser.release_memory();
  p.give(small);
  EXPECT_TRUE(p.ok());
}

TEST(ReadMessage, ReadsAMessageCarriedInsideAnother) {
  Parsed p(R"({"type":"x","message":{"jsonrpc":"2.0","id":1,"method":"tools/list"}})");
  simdjson::dom::element inner;
  ASSERT_EQ(p.parser.document()->at_key("message").get(inner), simdjson::SUCCESS);
  Message m;
  ASSERT_TRUE(read_message(inner, m));
  EXPECT_EQ(m.kind, Kind::kRequest);
  EXPECT_EQ(m.method, "tools/list");
  EXPECT_FALSE(read_message(*p.parser.document(), m));
}

}  // namespace
}  // namespace mcpvigil::jsonrpc
