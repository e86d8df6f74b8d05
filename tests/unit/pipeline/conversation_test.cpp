// SPDX-License-Identifier: Apache-2.0
// What a channel is taken for, when that is decided, and what becomes of what was kept until then.
#include "talk.h"

namespace mcpvigil::test {
namespace {

using base::LossReason;
using base::SkipReason;

const std::string kList = R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})";

TEST(Conversation, WhatWasHeldIsToldInTheOrderOfTimeAcrossBothPipes) {
  Talk t;
  t.pipe(1);
  t.pipe(2);
  t.send(1, 100, 200, kPing + "\n");
  t.send(2, 200, 100, kPong + "\n");
  EXPECT_TRUE(t.messages.empty());  // a ping says nothing
  EXPECT_EQ(t.stats().ledger.pending(), kPing.size() + kPong.size());
  t.send(1, 100, 200, kCall + "\n");
  t.send(2, 200, 100, kCalled + "\n");
  t.finish();
  ASSERT_EQ(t.messages.size(), 4U);
  EXPECT_EQ(t.messages[0].id, "1");
  EXPECT_EQ(t.messages[1].id, "1");
  EXPECT_FALSE(t.messages[1].unmatched);
  EXPECT_EQ(t.calls.size(), 2U);
}

TEST(Conversation, ACallAndItsAnswerInTwoPipesDecideTogether) {
  Talk t;
  t.pipe(1);
  t.pipe(2);
  t.send(1, 100, 200, kCall + "\n");
  EXPECT_EQ(t.stats().mcp_channels, 0U);
  t.send(2, 200, 100, kCalled + "\n");
  EXPECT_EQ(t.stats().mcp_channels, 2U);
  t.finish();
  ASSERT_EQ(t.calls.size(), 1U);
  EXPECT_EQ(t.calls[0].outcome, "ok");
}

TEST(Conversation, OneStrongMarkAloneOfAnotherPairDecidesNothing) {
  Talk t;
  for (std::uint64_t flow = 1; flow <= 4; ++flow) t.pipe(flow);
  t.send(1, 100, 200, kCall + "\n");
  t.send(2, 300, 400, kCalled + "\n");
  t.send(3, 100, 200, kCall + "\n");
  EXPECT_EQ(t.stats().mcp_channels, 0U);
  t.finish();
  EXPECT_TRUE(t.messages.empty());
}

TEST(Conversation, AStreamOfLinesIsIgnoredAfterAFewLooksAndAskedForOnce) {
  Talk t;
  t.pipe(1);
  for (int i = 0; i < 50; ++i) t.send(1, 100, 200, "log line\n");
  EXPECT_EQ(t.stats().other_channels, 1U);
  EXPECT_EQ(t.stats().buffered, 0U);
  EXPECT_GT(t.skipped(SkipReason::kNotMcp), 0U);
  EXPECT_GT(t.ignored[1], 0);
  t.finish();
}

TEST(Conversation, AMessageStartOpensAnIgnoredStreamAgain) {
  Talk t;
  t.pipe(1);
  t.pipe(2);
  for (int i = 0; i < 20; ++i) t.send(2, 200, 100, "log line\n");
  EXPECT_EQ(t.stats().other_channels, 1U);
  t.skip(2, 100'000);
  t.send(1, 100, 200, kCall + "\n");
  t.send(2, 200, 100, kCalled + "\n");
  t.finish();
  ASSERT_EQ(t.messages.size(), 2U);
  EXPECT_FALSE(t.messages[1].gap);  // left out by order, not lost
  EXPECT_EQ(t.stats().other_channels, 0U);
  EXPECT_EQ(t.skipped(SkipReason::kKernelIgnored), 100'000U);
}

TEST(Conversation, WhatAnIgnoredStreamHadBegunIsNotContinuedLater) {
  pipeline::PipelineLimits limits;
  limits.max_message = 40'000;
  Talk t(limits);
  t.pipe(1);
  t.send(1, 100, 200, R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a)");
  for (int i = 0; i < 5; ++i) t.send(1, 100, 200, std::string(10'000, 'x'));
  ASSERT_EQ(t.stats().other_channels, 1U);
  EXPECT_EQ(t.stats().buffered, 0U);
  t.send(1, 100, 200, "{\"}}\n" + kList + "\n");
  t.send(1, 100, 200, kCall + "\n");
  t.finish();
  for (const Told& m : t.messages) EXPECT_EQ(m.tool.find("ax"), std::string::npos);
}

TEST(Conversation, ARealGapAfterBeingIgnoredIsStillAGap) {
  Talk t;
  t.pipe(1);
  for (int i = 0; i < 20; ++i) t.send(1, 200, 100, "log line\n");
  t.skip(1, 100);
  t.send(1, 200, 100, kCall + "\n" + kList + "\n");
  t.gap(1, 50);
  t.read(1, 100, kPing + "\n");
  t.tick();
  t.finish();
  ASSERT_EQ(t.messages.size(), 3U);
  EXPECT_FALSE(t.messages[0].gap);
  EXPECT_TRUE(t.messages[2].gap);
}

TEST(Conversation, AGapNeverGluesTwoMessages) {
  Talk t;
  t.handshake(1, 2);
  t.send(2, 200, 100, R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"a)");
  t.gap(2, 100);
  t.read(2, 100, "b\"}}\n");
  t.read(2, 100, kPong + "\n");
  t.tick();
  t.finish();
  ASSERT_EQ(t.messages.size(), 3U);
  EXPECT_TRUE(t.messages[2].gap);
  EXPECT_EQ(t.lost(LossReason::kStreamGap), 100U);
  ASSERT_EQ(t.losses.size(), 1U);
  EXPECT_EQ(t.losses[0], std::pair(LossReason::kStreamGap, std::uint64_t{100}));
}

TEST(Conversation, ALossTheSourceCountsIsToldOnce) {
  Talk t;
  t.handshake(1, 2);
  t.send(2, 200, 100, "{\"a");
  t.gap(2, 4096);
  t.event(event::Lost{t.now(), LossReason::kRingFull, 1, 4096});
  t.read(2, 100, "}\n");
  t.tick();
  t.finish();
  EXPECT_EQ(t.lost(LossReason::kRingFull), 4096U);
  ASSERT_EQ(t.losses.size(), 1U);
  EXPECT_EQ(t.losses[0], std::pair(LossReason::kRingFull, std::uint64_t{4096}));
}

TEST(Conversation, AnUndecidedStreamKeepsNoMoreThanMayBePending) {
  pipeline::PipelineLimits limits;
  limits.max_pending = 4096;
  Talk t(limits);
  t.pipe(1);
  const std::string ping =
      R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":")" + std::string(1000, 'x') + "\"}}\n";
  for (int i = 0; i < 10; ++i) t.send(1, 100, 200, ping);
  EXPECT_LE(t.stats().buffered, 4096U);
  EXPECT_EQ(t.skipped(SkipReason::kUndecided), 7 * (ping.size() - 1));
  t.finish();
}

TEST(Conversation, SixtyFourUndecidedFramesAreEnough) {
  Talk t;
  t.pipe(1);
  for (int i = 0; i < 70; ++i) t.send(1, 100, 200, kPing + "\n");
  EXPECT_EQ(t.stats().other_channels, 1U);
  t.finish();
  EXPECT_TRUE(t.messages.empty());
}

TEST(Conversation, TheNextConnectionToAKnownAddressNeedsNoProof) {
  Talk t;
  t.tcp(10);
  t.send(10, 100, 200, http_post(kCall), 11);
  t.send(11, 200, 100, http_ok(kCalled), 10);
  t.tcp(20);
  t.send(20, 100, 200, http_post(kPing, ""), 21);
  t.send(21, 200, 100, http_ok(kPong), 20);
  t.finish();
  EXPECT_EQ(t.messages.size(), 4U);
}

TEST(Conversation, AHeadCutAnywhereIsStillAHead) {
  const std::string ask = http_post(kCall), answer = http_ok(kCalled);
  for (std::size_t cut = 1; cut < ask.size(); ++cut) {
    Talk t;
    t.tcp(10);
    t.send(10, 100, 200, ask.substr(0, cut), 11);
    t.send(10, 100, 200, ask.substr(cut), 11);
    t.send(11, 200, 100, answer, 10);
    t.finish();
    ASSERT_EQ(t.calls.size(), 1U) << cut;
  }
}

TEST(Conversation, APipeMessageCutAnywhereIsOneMessage) {
  const std::string lines = kCall + "\n" + kList + "\n" + kPing + "\n";
  for (std::size_t cut = 1; cut < lines.size(); ++cut) {
    Talk t;
    t.pipe(1);
    t.send(1, 100, 200, lines.substr(0, cut));
    t.send(1, 100, 200, lines.substr(cut));
    t.finish();
    ASSERT_EQ(t.messages.size(), 3U) << cut;
  }
}

TEST(Conversation, ALineFeedInsideIsOddInLinesAndNotInABody) {
  const std::string spread =
      "{\n\"jsonrpc\":\"2.0\",\"id\":2,\n\"method\":\"tools/call\",\"params\":{\"name\":\"t\",\"arguments\":{}}}";
  Talk lines;
  lines.handshake(1, 2);
  lines.send(1, 100, 200, spread + "\n");
  lines.finish();
  EXPECT_EQ(lines.findings, std::vector<std::string>{"parser_differential"});
  Talk http;
  http.tcp(10);
  http.send(10, 100, 200, http_post(spread), 11);
  http.finish();
  ASSERT_EQ(http.messages.size(), 1U);
  EXPECT_EQ(http.messages[0].oddities, 0U);
  EXPECT_TRUE(http.findings.empty());
}

TEST(Conversation, WhatIsIgnoredKeepsItsReason) {
  Talk t;
  t.pipe(1);
  t.tcp(10);
  t.tcp(20);
  for (int i = 0; i < 3; ++i) {
    t.send(1, 100, 200, "Content-Length: 2\r\n\r\n{}");
    t.send(10, 100, 200, "\x16\x03\x01\x02" + std::string(100, '\x7f'), 11);
    t.send(20, 100, 200, i == 0 ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : std::string(24, '\x01'), 21);
  }
  t.finish();
  EXPECT_EQ(t.skipped(SkipReason::kNotMcp), 3 * 23U);
  EXPECT_EQ(t.skipped(SkipReason::kTlsCiphertext), 3 * 104U);
  EXPECT_EQ(t.skipped(SkipReason::kHttp2), 3 * 24U) << t.skips();
  EXPECT_EQ(t.stats().other_channels, 3U);
}

}  // namespace
}  // namespace mcpvigil::test
