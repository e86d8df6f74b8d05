// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/jsonrpc/parsed.h"

namespace mcpvigil::jsonrpc {
namespace {

using base::SkipReason;

std::string nested(std::size_t depth) {
  return R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

TEST(Nesting, UpToTheLimitIsTaken) {
  Parsed p(nested(Parser::kMaxDepth - 2));
  EXPECT_TRUE(p.ok());
}

TEST(Nesting, BeyondTheLimitIsTooDeep) {
  Parsed p;
  for (const std::size_t depth : {Parser::kMaxDepth, Parser::kMaxDepth * 4, std::size_t{100'000}}) {
    p.give(nested(depth));
    EXPECT_EQ(p.why, SkipReason::kTooDeep) << depth;
    EXPECT_TRUE(p.messages.empty());
  }
}

TEST(Nesting, OfAHundredThousandObjectsDoesNotOverflowTheStack) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += R"({"a":)";
  Parsed p(text);
  EXPECT_EQ(p.why, SkipReason::kMalformedJson) << "cut short";
  p.give(text + "1" + std::string(100'000, '}'));
  EXPECT_EQ(p.why, SkipReason::kTooDeep);
}

TEST(Nesting, LimitHoldsAfterTheParserHasGrown) {
  Parsed p(R"({"jsonrpc":"2.0","id":1,"result":")" + std::string(1 << 20, 'x') + R"("})");
  ASSERT_TRUE(p.ok());
  p.give(nested(Parser::kMaxDepth - 2));
  EXPECT_TRUE(p.ok());
  p.give(nested(Parser::kMaxDepth));
  EXPECT_EQ(p.why, SkipReason::kTooDeep);
}

}  // namespace
}  // namespace mcpvigil::jsonrpc
