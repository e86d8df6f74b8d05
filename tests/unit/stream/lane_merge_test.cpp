// SPDX-License-Identifier: Apache-2.0
#include "stream/lane_merge.h"

#include <gtest/gtest.h>

#include <string>

#include "support/event_builder.h"

namespace mcpvigil::stream {
namespace {

using event::Way;
using test::kMs;

constexpr std::uint64_t kProbationMs = LaneMerge::kProbationNs / kMs;

struct Merged : LaneSink {
  void lane_bytes(Way, std::uint64_t, std::uint64_t out_pos, base::Bytes bytes, const base::ProcessKey&,
                  base::Timestamp) override {
    EXPECT_EQ(out_pos, next);
    next += bytes.size();
    out += bytes;
  }
  void lane_gap(std::uint64_t n, base::LossReason why, base::Timestamp) override {
    out += "<" + std::to_string(n) + " " + std::string(base::name(why)) + ">";
    next += n;
  }
  void lane_ignored(std::uint64_t n, base::Timestamp) override {
    out += "<" + std::to_string(n) + " ignored>";
    next += n;
  }
  void lane_use(Use u) override { uses.push_back(u); }
  void lane_reader_seen() override { ++readers; }

  Merged() {
    env.now = {test::kStart};
    merge.set_known_start(Way::kRead, true);
    merge.set_known_start(Way::kWrite, true);
    merge.set_exact(true);
  }
  void chunk(Way way, std::uint64_t pos, std::string_view bytes) {
    merge.take(
        {.way = way, .pos = pos, .len = bytes.size(), .payload = builder.keep(bytes), .actor = {}, .ts = env.now});
  }
  void read(std::uint64_t pos, std::string_view bytes) { chunk(Way::kRead, pos, bytes); }
  void write(std::uint64_t pos, std::string_view bytes) { chunk(Way::kWrite, pos, bytes); }
  void pass_ms(std::uint64_t ms) {
    env.now.ns += ms * kMs;
    merge.expire();
  }
  std::uint64_t other_end() const { return ledger.skipped[static_cast<std::size_t>(base::SkipReason::kOtherEnd)]; }

  test::EventBuilder builder;
  std::string out;
  std::uint64_t next = 0;
  std::vector<Use> uses;
  int readers = 0;
  base::Ledger ledger;
  LaneEnv env;
  LaneMerge merge{ledger, env, *this};
};

TEST(LaneMerge, PrefersTheReaderWhoeverCameFirst) {
  Merged m;
  m.write(0, "hello ");
  EXPECT_EQ(m.out, "");
  EXPECT_EQ(m.merge.held(), 6u);
  m.read(0, "hello ");
  m.write(6, "world");
  m.read(6, "world");
  EXPECT_EQ(m.out, "hello world");
  EXPECT_EQ(m.other_end(), 11u);
  EXPECT_EQ(m.ledger.seen, 22u);
}

TEST(LaneMerge, UsesTheWriterWhenNoReaderComesInTime) {
  Merged m;
  m.write(0, "a");
  m.pass_ms(kProbationMs - 1);
  EXPECT_EQ(m.out, "");
  m.pass_ms(1);
  EXPECT_EQ(m.out, "a");
  m.write(1, "b");
  EXPECT_EQ(m.out, "ab");
}

TEST(LaneMerge, GivesTheStreamBackToAReaderThatWasOnlySlow) {
  Merged m;
  m.write(0, "one ");
  m.pass_ms(kProbationMs);
  m.write(4, "two ");
  m.read(0, "one t");
  m.read(5, "wo ");
  m.write(8, "three");
  EXPECT_EQ(m.out, "one two ");
  m.read(8, "three");
  EXPECT_EQ(m.out, "one two three");
  EXPECT_EQ(m.merge.use(), Use::kReader);
}

TEST(LaneMerge, KeepsToTheWriterWhenTheCopiesCannotBeAligned) {
  Merged m;
  m.merge.set_exact(false);
  m.write(0, "one ");
  m.pass_ms(kProbationMs);
  m.read(0, "zero one ");
  m.write(4, "two");
  m.read(9, "two");
  EXPECT_EQ(m.out, "one two");
  EXPECT_EQ(m.other_end(), 12u);
  EXPECT_GT(m.readers, 0);
}

TEST(LaneMerge, DeliversWhatItHoldsWhenTheHoldIsFull) {
  Merged m;
  m.env.limits.max_pending = 4;
  m.write(0, "abc");
  EXPECT_EQ(m.out, "");
  m.write(3, "def");
  EXPECT_EQ(m.out, "abcdef");
}

TEST(LaneMerge, DeliversWhatItHoldsWhenTheBudgetIsSpent) {
  Merged m;
  base::MemoryBudget budget(4);
  m.env.limits.budget = &budget;
  m.write(0, "abc");
  m.write(3, "def");
  EXPECT_EQ(m.out, "abcdef");
  EXPECT_EQ(budget.used(), 0u);
}

TEST(LaneMerge, PutsStragglersBackInOrder) {
  Merged m;
  m.read(0, "a");
  m.read(2, "c");
  m.read(3, "d");
  EXPECT_EQ(m.out, "a");
  m.read(1, "b");
  EXPECT_EQ(m.out, "abcd");
  EXPECT_EQ(m.merge.held(), 0u);
}

TEST(LaneMerge, CallsAHoleAGapAfterTheWait) {
  Merged m;
  m.read(0, "a");
  m.read(5, "f");
  m.pass_ms(99);
  EXPECT_EQ(m.out, "a");
  m.pass_ms(1);
  EXPECT_EQ(m.out, "a<4 stream_gap>f");
  EXPECT_EQ(m.ledger.seen, 6u);
  EXPECT_EQ(m.ledger.lost_total(), 4u);
}

TEST(LaneMerge, WaitsForEachHoleOnItsOwn) {
  Merged m;
  m.read(0, "a");
  m.read(2, "c");
  m.env.now.ns += 60 * kMs;
  m.read(4, "e");
  m.pass_ms(40);
  EXPECT_EQ(m.out, "a<1 stream_gap>c");
  m.pass_ms(60);
  EXPECT_EQ(m.out, "a<1 stream_gap>c<1 stream_gap>e");
}

TEST(LaneMerge, NamesTheLossThatTheKernelReported) {
  Merged m;
  m.read(0, "a");
  ++m.env.lost_serial;
  m.env.lost_reason = base::LossReason::kRingFull;
  m.read(3, "d");
  m.pass_ms(100);
  m.read(9, "j");
  m.pass_ms(100);
  EXPECT_EQ(m.out, "a<2 ring_full>d<5 stream_gap>j") << "one report explains one gap";
}

TEST(LaneMerge, DropsABytesSecondComing) {
  Merged m;
  m.read(0, "abcd");
  m.read(2, "cdef");
  m.read(0, "ab");
  EXPECT_EQ(m.out, "abcdef");
  EXPECT_EQ(m.other_end(), 4u);
}

TEST(LaneMerge, ReportsWhatACallMovedButDidNotShow) {
  Merged m;
  m.merge.take({.way = Way::kRead,
                .missing = base::LossReason::kCallTooLarge,
                .pos = 0,
                .len = 10,
                .payload = m.builder.keep("abc"),
                .actor = {},
                .ts = m.env.now});
  m.read(10, "k");
  EXPECT_EQ(m.out, "abc<7 call_too_large>k");
}

TEST(LaneMerge, TurnsToTheWriterWhenTheReaderGoesBlind) {
  Merged m;
  m.read(0, "abc");
  m.merge.reader_is_blind();
  m.write(1, "bcd");  // its first byte was delivered by the reader
  m.write(4, "e");
  EXPECT_EQ(m.out, "abcde");
  m.write(8, "i");
  m.pass_ms(100);
  EXPECT_EQ(m.out, "abcde<3 blind_reader>i");
  m.read(9, "never");
  EXPECT_EQ(m.out, "abcde<3 blind_reader>i");
}

TEST(LaneMerge, SaysThatTheLossIsUnknownWhenABlindReaderCannotBeAligned) {
  Merged m;
  m.merge.set_exact(false);
  m.read(0, "abc");
  m.merge.reader_is_blind();
  m.write(700, "xyz");
  EXPECT_EQ(m.out, "abc<0 blind_reader>xyz");
}

TEST(LaneMerge, CountsTheTailThatOnlyTheKernelSaw) {
  Merged m;
  m.read(0, "abc");
  m.merge.close_tap(Way::kRead, 20, 10);
  m.merge.end();
  EXPECT_EQ(m.out, "abc<10 ignored><7 stream_gap>");
  EXPECT_EQ(m.ledger.seen, 20u);
}

TEST(LaneMerge, DoesNotCountIgnoredBytesTwice) {
  Merged m;
  m.read(0, "abc");
  m.merge.take({.way = Way::kRead, .by_order = true, .pos = 3, .len = 10, .payload = {}, .actor = {}, .ts = m.env.now});
  m.read(13, "n");
  m.merge.close_tap(Way::kRead, 16, 12);
  EXPECT_EQ(m.out, "abc<10 ignored>n<2 ignored>");
}

TEST(LaneMerge, LosesWhatComesAfterTheEndAndSaysSo) {
  Merged m;
  m.read(0, "abc");
  m.merge.end();
  m.read(3, "def");
  EXPECT_EQ(m.out, "abc");
  EXPECT_EQ(m.ledger.lost_total(), 3u);
  m.merge.close_tap(Way::kRead, 6, 0);
  EXPECT_EQ(m.ledger.lost_total(), 3u);
}

TEST(LaneMerge, HoldsManySmallChunksWithoutGrowingPerChunk) {
  Merged m;
  for (std::uint64_t i = 0; i < 1000; ++i) m.write(i, "x");
  EXPECT_EQ(m.out, "") << "contiguous chunks are put together";
  m.pass_ms(kProbationMs);
  EXPECT_EQ(m.out, std::string(1000, 'x'));
}

}  // namespace
}  // namespace mcpvigil::stream
