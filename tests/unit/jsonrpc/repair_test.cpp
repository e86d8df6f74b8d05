// SPDX-License-Identifier: Apache-2.0
#include "jsonrpc/repair.h"

#include <gtest/gtest.h>

#include "unit/jsonrpc/parsed.h"

namespace mcpvigil::jsonrpc {
namespace {

std::string repaired(std::string_view text) {
  std::string out;
  return repair(text, out) ? out : "kept";
}

TEST(Repair, ReplacesNumbersThatDoNotFit) {
  EXPECT_EQ(repaired("[18446744073709551616]"), "[18446744073709552000.0]");
  EXPECT_EQ(repaired("[-9223372036854775809]"), "[-9223372036854776000.0]");
  EXPECT_EQ(repaired("[1e400,-1e400]"), "[1.7976931348623157e+308,-1.7976931348623157e+308]");
  EXPECT_EQ(repaired("[1e-400]"), "[0.0]");
  EXPECT_EQ(repaired("{\"a\":123456789012345678901234567890}"), "{\"a\":1.2345678901234568e+29}");
  EXPECT_EQ(repaired("[1" + std::string(400, '0') + "]"), "[1.7976931348623157e+308]");
}

TEST(Repair, KeepsNumbersThatFitAndWhatIsNoNumber) {
  EXPECT_EQ(repaired("[18446744073709551615,-9223372036854775808,1e300,0.1,-0]"), "kept");
  EXPECT_EQ(repaired("[012345678901234567890123]"), "kept");
  EXPECT_EQ(repaired("[1.2.3,--5,1e,1234567890123456789012345-]"), "kept");
  EXPECT_EQ(repaired(R"(["123456789012345678901234567890"])"), "kept");
}

TEST(Repair, ReplacesHalfSurrogatePairs) {
  EXPECT_EQ(repaired(R"(["\ud800"])"), R"(["\ufffd"])");
  EXPECT_EQ(repaired(R"(["\uDC00x\ud83d\ude00\ud83d"])"), R"(["\ufffdx\ud83d\ude00\ufffd"])");
  EXPECT_EQ(repaired(R"(["\ud83d\ude00 \\ud800 \" \u0041"])"), "kept");
}

TEST(Repair, ReadsNothingBeyondATextThatIsCut) {
  const std::string text = R"({"a":"\ud83d\ude00","b":123456789012345678901234567890e5,"c":"\ud800"})";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const std::string cut = text.substr(0, n);  // its own allocation: a sanitizer sees every byte too far
    std::string out;
    repair(cut, out);
  }
}

TEST(Repair, KeepsSuchAValueFromHidingACall) {
  for (const std::string_view argument :
       {"123456789012345678901234567890", "1e999", R"("\ud800")", R"("\udfff\ud800x")"}) {
    Parsed p(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm","arguments":{"n":)" +
             std::string(argument) + "}}}");
    ASSERT_TRUE(p.ok()) << argument;
    EXPECT_EQ(p.only().method, "tools/call");
    EXPECT_EQ(string_at(*p.only().params, "name"), "rm");
    EXPECT_EQ(p.only().oddities, kInexact);
    EXPECT_EQ(p.only().text, p.buffer.view()) << "the text shown is what was sent";
  }
}

TEST(Repair, DoesNotMakeAMessageOfBrokenJson) {
  Parsed p(R"({"jsonrpc":"2.0","id":1e999,"method":"m","x":01})");
  EXPECT_EQ(p.why, base::SkipReason::kMalformedJson);
  EXPECT_TRUE(p.messages.empty());
}

TEST(Repair, LeavesEscapesFlagged) {
  Parsed p(R"({"jsonrpc":"2.0","id":1e999,"\u006dethod":"m"})");
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p.only().oddities, kInexact | kEscapedKey);
}

}  // namespace
}  // namespace mcpvigil::jsonrpc
