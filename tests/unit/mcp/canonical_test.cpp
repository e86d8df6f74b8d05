// SPDX-License-Identifier: Apache-2.0
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

std::string canonical(std::string_view json) {
  base::PaddedBuffer buffer;
  buffer.append(json);
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  EXPECT_EQ(parser.parse(buffer.view().data(), buffer.size(), false).get(e), simdjson::SUCCESS) << json;
  std::string out;
  append_canonical(e, out);
  return out;
}

// RFC 8785, section 3.2.2.
TEST(Canonical, SerializesTheRfcsFirstExample) {
  EXPECT_EQ(canonical(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })"),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

// RFC 8785, section 3.2.3: names are sorted by UTF-16 code units.
TEST(Canonical, SortsNamesAsTheRfcsSecondExample) {
  EXPECT_EQ(canonical(R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",)"
                      R"("1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",)"
                      R"("\u00f6":"Latin Small Letter O With Diaeresis"})"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
            "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
            "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\",\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(Canonical, SortsPrefixesFirstAndAtEveryLevel) {
  EXPECT_EQ(canonical(R"({"b":{"z":1,"a":2},"aa":[{"y":1,"x":2}],"a":0,"":3})"),
            R"({"":3,"a":0,"aa":[{"x":2,"y":1}],"b":{"a":2,"z":1}})");
}

TEST(Canonical, KeepsTheLastOfDuplicateNames) {
  EXPECT_EQ(canonical(R"({"a":1,"b":2,"a":3,"a":4})"), R"({"a":4,"b":2})");
}

TEST(Canonical, IntegersAreDoublesToo) {
  EXPECT_EQ(canonical("[0,-1,9007199254740993,18446744073709551615,-0.0,1.0]"),
            "[0,-1,9007199254740992,18446744073709552000,0,1]");
}

TEST(Canonical, IsTheSameForEverySpellingAndAFixedPoint) {
  const std::string once = canonical(R"( { "b" : [ 1.50 , "\u0041\/" ] , "a" : { } } )");
  EXPECT_EQ(once, R"({"a":{},"b":[1.5,"A/"]})");
  EXPECT_EQ(canonical(once), once);
}

}  // namespace
}  // namespace mcpvigil::mcp
