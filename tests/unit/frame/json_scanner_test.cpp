// SPDX-License-Identifier: Apache-2.0
#include "frame/json_scanner.h"

#include <gtest/gtest.h>

#include <random>

#include "support/segmenter.h"

namespace mcpvigil::frame {
namespace {

using Stop = JsonScanner::Stop;

struct End {
  Stop stop = Stop::kEnd;
  std::size_t used = 0;
  bool operator==(const End&) const = default;
};

// The obvious way, one byte at a time.
End scan_plainly(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false, escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool was_escaped = escaped;
    escaped = c == '\\' && !was_escaped;
    if (c == '\n') return {in_string ? Stop::kNewlineInString : Stop::kNewline, i + 1};
    if (c == '"' && !was_escaped) in_string = !in_string;
    if (in_string) continue;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return {Stop::kClosed, i + 1};
  }
  return {Stop::kEnd, text.size()};
}

End scan_in_pieces(std::string_view text, std::size_t piece) {
  JsonScanner s;
  s.open(text[0]);
  for (std::size_t i = 1; i < text.size(); i += piece) {
    const test::PaddedCopy copy(text.substr(i, piece));
    const auto [stop, used] = s.scan(copy.view().data(), copy.view().size());
    if (stop != Stop::kEnd) return {stop, i + used};
  }
  return {Stop::kEnd, text.size()};
}

TEST(JsonScanner, AgreesWithAByteByByteScanOnRandomTextInPiecesOfAnySize) {
  std::mt19937 rng(7);
  constexpr std::string_view kAlphabet = "{}[]\"\\\\\\a, :\n";
  for (int round = 0; round < 4000; ++round) {
    std::string text = "{{{[";
    const std::size_t size = 1 + rng() % 300;
    // Newlines are rare, or every text would end at the first.
    while (text.size() < size) text += kAlphabet[rng() % (rng() % 40 == 0 ? kAlphabet.size() : kAlphabet.size() - 1)];
    const End want = scan_plainly(text);
    for (const std::size_t piece : {1U, 5U, 63U, 64U, 65U, 1000U}) {
      ASSERT_EQ(scan_in_pieces(text, piece), want) << text << " in pieces of " << piece;
    }
  }
}

TEST(JsonScanner, KnowsWhichBracketIsInnermost) {
  JsonScanner s;
  s.open('{');
  EXPECT_FALSE(s.in_array());
  const test::PaddedCopy inner(R"("a":[{"b":[1,2)");
  EXPECT_EQ(s.scan(inner.view().data(), inner.view().size()).stop, Stop::kEnd);
  EXPECT_TRUE(s.in_array());
  EXPECT_EQ(s.depth(), 4U);
}

TEST(JsonScanner, FollowsNestingDeeperThanItRemembers) {
  const std::string deep(5000, '[');
  const std::string text = deep + std::string(5000, ']');
  EXPECT_EQ(scan_in_pieces(text, 100), (End{Stop::kClosed, 10000}));
}

}  // namespace
}  // namespace mcpvigil::frame
