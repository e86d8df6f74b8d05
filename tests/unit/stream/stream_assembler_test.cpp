// SPDX-License-Identifier: Apache-2.0
#include "stream/stream_assembler.h"

#include <gtest/gtest.h>

#include "heard.h"

namespace mcpvigil::stream {
namespace {

using base::LossReason;
using event::BlindSpot;
using event::FlowKind;
using event::Way;
using test::EventBuilder;
using test::process;

TEST(PipeChannel, CarriesOneStreamFromWriterToReader) {
  EventBuilder b;
  b.pipe(1).actor(1, Way::kWrite, 100).read(1, 200, "{}\n").close(1);
  Replay r(b);
  Heard& h = r.finish();
  ASSERT_EQ(h.order.size(), 1u);
  EXPECT_TRUE(h.channel(1).last.one_way);
  EXPECT_FALSE(h.channel(1).last.mid_stream);
  EXPECT_EQ(h.lane(1).bytes, "{}\n");
  EXPECT_EQ(h.channel(1).last.a.process, process(100));
  EXPECT_EQ(h.channel(1).last.b.process, process(200));
  EXPECT_EQ(h.lane(1).pieces[0].sender, process(100));
  EXPECT_EQ(h.lane(1).pieces[0].receiver, process(200));
}

TEST(PipeChannel, IsNotOpenedByAQuietDescriptor) {
  EventBuilder b;
  b.pipe(1).actor(1, Way::kWrite, 100).wait_ms(1000).tick().close(1);
  Replay r(b);
  EXPECT_TRUE(r.finish().order.empty());
}

TEST(PipeChannel, TellsTheKernelThatTheWriterNeedNotCopy) {
  EventBuilder b;
  b.pipe(1).write(1, 100, "a").read(1, 200, "a");
  Replay r(b);
  EXPECT_TRUE(r.heard.wished(1, Way::kWrite, CopyMode::kCount));
  EXPECT_EQ(r.heard.lane(1).bytes, "a");
  EXPECT_EQ(r.heard.other_end(1), 1u);
}

TEST(PipeChannel, CallsTheReaderBlindAfterTheWait) {
  EventBuilder b;
  b.pipe(1).write(1, 100, "a").wait_ms(kProbationMs).tick();
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "a");
  EXPECT_TRUE(r.heard.channel(1).last.b.blind);
  EXPECT_TRUE(r.heard.wished(1, Way::kWrite, CopyMode::kCopy));
  EXPECT_FALSE(r.heard.lane(1).pieces[0].receiver.known());
}

TEST(PipeChannel, TakesTheBlindnessBackWhenTheReaderWasSlow) {
  EventBuilder b;
  b.pipe(1)
      .write(1, 100, "first\n")
      .wait_ms(3 * kProbationMs)
      .tick()
      .read(1, 200, "first\n")
      .write(1, 100, "next\n")
      .read(1, 200, "next\n");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "first\nnext\n");
  EXPECT_FALSE(r.heard.channel(1).last.b.blind);
  EXPECT_EQ(r.heard.wishes.back().mode, CopyMode::kCount);
}

TEST(PipeChannel, StaysWithTheWriterWhenAttachedMidStream) {
  EventBuilder b;
  b.pipe(1, true)
      .write(1, 100, "late\n")
      .wait_ms(kProbationMs)
      .tick()
      .read(1, 200, "early\nlate\n")
      .write(1, 100, "x\n");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "late\nx\n");
  EXPECT_TRUE(r.heard.channel(1).last.mid_stream);
  EXPECT_EQ(r.heard.other_end(1), 11u);
  EXPECT_TRUE(r.heard.wished(1, Way::kRead, CopyMode::kCount)) << "one copy a byte";
}

TEST(PipeChannel, TurnsToTheWriterWhenToldThatTheReaderIsBlind) {
  EventBuilder b;
  b.pipe(1).write(1, 100, "a").note(1, BlindSpot::kBlindReader).write(1, 100, "b");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "ab");
  EXPECT_TRUE(r.heard.channel(1).last.b.blind);
}

TEST(PipeChannel, DeliversTheWritersCopyWhenThePipeEndsUnread) {
  EventBuilder b;
  b.pipe(1).write(1, 100, "last words\n").close(1);
  Replay r(b);
  EXPECT_EQ(r.finish().lane(1).bytes, "last words\n");
}

TEST(PipeChannel, SplitsAReadBetweenItsWriters) {
  EventBuilder b;
  b.pipe(1).write(1, 100, "aa\n").write(1, 101, "bbb\n").read(1, 200, "aa\nbbb\n");
  Replay r(b);
  ASSERT_EQ(r.heard.lane(1).pieces.size(), 2u);
  EXPECT_EQ(r.heard.lane(1).pieces[0].bytes, "aa\n");
  EXPECT_EQ(r.heard.lane(1).pieces[0].sender, process(100));
  EXPECT_EQ(r.heard.lane(1).pieces[1].sender, process(101));
}

TEST(PipeChannel, NamesTheLatestWriterWhenPositionsCannotBeCompared) {
  EventBuilder b;
  b.pipe(1, true).actor(1, Way::kWrite, 100).actor(1, Way::kWrite, 101).read(1, 200, "x");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).pieces[0].sender, process(101));
}

TEST(PipeChannel, WaitsAMomentForNewsOfWhoWroteItsFirstBytes) {
  EventBuilder b;
  b.pipe(1).read(1, 200, "x").actor(1, Way::kWrite, 100).read(1, 200, "y");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "xy");
  EXPECT_EQ(r.heard.lane(1).pieces[0].sender, process(100)) << "the writer's call returned after the reader's";
}

TEST(PipeChannel, DoesNotWaitLongForAWriterThatIsNeverSeen) {
  EventBuilder b;
  b.pipe(1).read(1, 200, "x").wait_ms(LaneMerge::kWriterNs / test::kMs).tick();
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "x");
  EXPECT_FALSE(r.heard.lane(1).pieces[0].sender.known());
}

TEST(PipeChannel, NamesAHolderWhenNoWriterWasSeen) {
  EventBuilder b;
  b.pipe(1, true).holder(1, 100, false, true).holder(1, 200, true, true).holder(1, 300, true, false).read(1, 200, "x");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).pieces[0].sender, process(100)) << "not the reader itself, not one that cannot write";
}

TEST(PipeChannel, EndsAtEofAndClosesWithTheObject) {
  EventBuilder b;
  b.pipe(1).read(1, 200, "x").eof(1);
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).ended, 1);
  EXPECT_EQ(r.heard.channel(1).closed, 0);
  b.close(1);
  r.feed(b);
  EXPECT_EQ(r.heard.channel(1).closed, 1);
}

TEST(FifoChannel, OutlivesAWriterThatLeft) {
  EventBuilder b;
  b.open({.flow = base::FlowId{1}, .kind = FlowKind::kFifo, .path = "/tmp/f"})
      .actor(1, Way::kWrite, 100)
      .read(1, 200, "one")
      .eof(1)
      .read(1, 200, "two");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "onetwo");
  EXPECT_EQ(r.heard.lane(1).ended, 0);
}

TEST(Gaps, AreReportedWithTheReasonTheCallGave) {
  EventBuilder b;
  b.pipe(1).actor(1, Way::kWrite, 100).partly(1, Way::kRead, 200, "abc", 10, LossReason::kUserCopy).read(1, 200, "z");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "abcz");
  EXPECT_EQ(r.heard.lane(1).gone, 7u);
  EXPECT_EQ(r.heard.lane(1).gaps, std::vector{LossReason::kUserCopy});
}

TEST(Gaps, BlameTheRingWhenTheKernelSaidSo) {
  EventBuilder b;
  b.pipe(1).actor(1, Way::kWrite, 100);
  b.read(1, 200, "a").unseen(1, Way::kRead, 5).lost(LossReason::kRingFull, 1, 5).read(1, 200, "b").wait_ms(100).tick();
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "ab");
  EXPECT_EQ(r.heard.lane(1).gaps, std::vector{LossReason::kRingFull});
}

TEST(Gaps, ShowTheTailThatTheKernelCounted) {
  EventBuilder b;
  b.pipe(1).read(1, 200, "a").close(1, 100, 100, 90, 0);
  Replay r(b);
  r.finish();
  const base::Ledger& g = r.heard.channel(1).last.ledger[0];
  EXPECT_EQ(g.seen, 100u);
  EXPECT_EQ(g.skipped[static_cast<std::size_t>(base::SkipReason::kKernelIgnored)], 90u);
  EXPECT_EQ(g.lost_total(), 9u);
}

TEST(Gaps, AreNotWhatWasIgnoredByOrder) {
  EventBuilder b;
  b.pipe(1)
      .read(1, 200, "log line\n")
      .skipped(1, Way::kRead, 5000)
      .read(1, 200, "{}\n")
      .close(1, 5012, 5012, 5000, 5000);
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.lane(1).ignored, 5000u);
  EXPECT_EQ(r.heard.lane(1).bytes, "log line\n{}\n");
  EXPECT_EQ(r.heard.channel(1).last.ledger[0].lost_total(), 0u);
  EXPECT_EQ(r.heard.channel(1).last.ledger[0].seen, 5012u);
}

TEST(Gaps, OfAStreamThatWasWhollyIgnoredStillCount) {
  EventBuilder b;
  b.pipe(1).close(1, 700, 700, 700, 700);
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.channel(1).last.ledger[0].seen, 700u);
}

TEST(UnknownFlow, IsMetByItsBytesMidStream) {
  EventBuilder b;
  b.moved_at(9, Way::kRead, 200, 5000, "tail\n");
  Replay r(b);
  EXPECT_EQ(r.assembler.stats().flows_implicit, 1u);
  EXPECT_TRUE(r.heard.channel(1).last.mid_stream);
  ASSERT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "tail\n");
  EXPECT_TRUE(r.heard.lane(1, Lane::kBToA).gaps.empty());
}

TEST(UnknownFlow, StartsANewChannelWhenItTurnsOutToBeAPipe) {
  EventBuilder b;
  b.moved_at(9, Way::kRead, 200, 5000, "tail\n").pipe(9).moved_at(9, Way::kRead, 200, 5005, "more\n");
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "tail\n");
  EXPECT_EQ(r.heard.lane(2).bytes, "more\n");
  EXPECT_TRUE(r.heard.channel(2).last.mid_stream);
}

TEST(UnknownFlow, IsNotMetAgainByARecordThatItsCloseOvertook) {
  EventBuilder b;
  b.pipe(1).read(1, 200, "a").close(1).read(1, 200, "b");
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.assembler.stats().late_bytes, 1u);
}

TEST(FlowBound, ClosesTheLongestIdleChannel) {
  EventBuilder b;
  b.pipe(1).actor(1, Way::kWrite, 9).read(1, 10, "a").pipe(2).actor(2, Way::kWrite, 9).read(2, 10, "b");
  b.read(1, 10, "c").pipe(3).read(3, 10, "d");
  Replay r(b, {.max_flows = 2});
  EXPECT_EQ(r.assembler.flows(), 2u);
  EXPECT_EQ(r.assembler.stats().flows_evicted, 1u);
  EXPECT_EQ(r.heard.channel(2).closed, 1);
  EXPECT_EQ(r.heard.channel(1).closed, 0);
  r.finish();
}

TEST(MemoryBound, GivesEverythingBack) {
  base::MemoryBudget budget(1 << 20);
  EventBuilder b;
  for (std::uint64_t f = 1; f <= 50; ++f) {
    b.pipe(f).write(f, 10, std::string(1000, 'x')).read(f, 10, "a").moved_at(f, Way::kRead, 10, 50, "later");
  }
  Replay r(b, {.stream = {.budget = &budget}});
  EXPECT_GT(budget.used(), 0u);
  r.finish();
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_GT(budget.peak(), 0u);
}

TEST(MemoryBound, ReleasesWhatAnUnfinishedAssemblerHeld) {
  base::MemoryBudget budget(1 << 20);
  EventBuilder b;
  b.pipe(1).write(1, 10, "held");
  {
    Replay r(b, {.stream = {.budget = &budget}});
    EXPECT_EQ(budget.used(), 4u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(Ignore, AsksTheKernelToStopCopyingBothWays) {
  EventBuilder b;
  b.unix_end(1, 10, 11).unix_end(2, 11, 10).actor(1, Way::kWrite, 100).actor(2, Way::kWrite, 200).read(2, 200, "x");
  Replay r(b);
  r.assembler.ignore(ChannelId{1});
  for (const std::uint64_t flow : {1u, 2u}) {
    EXPECT_TRUE(r.heard.wished(flow, Way::kRead, CopyMode::kIgnore));
    EXPECT_TRUE(r.heard.wished(flow, Way::kWrite, CopyMode::kIgnore));
  }
  const std::size_t wishes = r.heard.wishes.size();
  b.read(1, 100, "y").write(1, 100, "z");
  r.feed(b);
  EXPECT_EQ(r.heard.wishes.size(), wishes) << "it stays ignored";
  r.assembler.ignore(ChannelId{77});
}

TEST(HostileRecords, AreCountedAndLeftOut) {
  EventBuilder b;
  b.pipe(1).moved_at(1, Way::kRead, 200, ~0ULL - 1, "abc").moved_at(1, Way::kRead, 200, 0, "ok");
  b.add(event::FlowData{.ts = b.now(),
                        .flow = base::FlowId{1},
                        .way = Way::kRead,
                        .actor = {},
                        .pos = 2,
                        .len = 1,
                        .payload = b.keep("xyz")});
  b.close(1, ~0ULL, ~0ULL, ~0ULL, ~0ULL);
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.assembler.stats().bad_records, 1u);
  EXPECT_EQ(r.heard.lane(1).bytes, "okx");
}

TEST(EventTime, GoesOnlyForward) {
  EventBuilder b;
  b.pipe(1).write(1, 100, "a").wait_ms(kProbationMs - 1).tick();
  b.add(event::Tick{{test::kStart - 500 * test::kMs}});
  Replay r(b);
  EXPECT_TRUE(r.heard.order.empty());
  b.wait_ms(1).tick();
  r.feed(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "a");
}

}  // namespace
}  // namespace mcpvigil::stream
