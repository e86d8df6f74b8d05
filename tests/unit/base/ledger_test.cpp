// SPDX-License-Identifier: Apache-2.0
#include "base/ledger.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace mcpvigil::base {
namespace {

TEST(Ledger, PendingIsWhatNobodyAccountedFor) {
  Ledger l;
  EXPECT_EQ(l.pending(), 0U);
  l.seen = 100;
  EXPECT_EQ(l.pending(), 100U);
  l.parsed = 60;
  l.skip(SkipReason::kBlank, 5);
  l.skip(SkipReason::kBlank, 5);
  l.skip(SkipReason::kNotJson, 10);
  l.lose(LossReason::kRingFull, 15);
  EXPECT_EQ(l.skipped_total(), 20U);
  EXPECT_EQ(l.lost_total(), 15U);
  EXPECT_EQ(l.pending(), 5U);
}

TEST(Ledger, ATotalIsTheSumOfItsStreamsReasonByReason) {
  Ledger a, b;
  a.seen = 10;
  a.parsed = 4;
  a.skip(SkipReason::kBomb, 6);
  b.seen = 20;
  b.skip(SkipReason::kBomb, 1);
  b.lose(LossReason::kBlindWriter, 2);
  a += b;
  EXPECT_EQ(a.seen, 30U);
  EXPECT_EQ(a.skipped[static_cast<std::size_t>(SkipReason::kBomb)], 7U);
  EXPECT_EQ(a.lost[static_cast<std::size_t>(LossReason::kBlindWriter)], 2U);
  EXPECT_EQ(a.pending(), 17U);
}

TEST(Ledger, EveryReasonHasANameOfItsOwnThatAMetricMayCarry) {
  std::set<std::string> names;
  const auto check = [&](std::string_view name) {
    EXPECT_TRUE(names.emplace(name).second) << name;
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos) << name;
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(SkipReason::kCount); ++i)
    check(name(static_cast<SkipReason>(i)));
  names.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(LossReason::kCount); ++i)
    check(name(static_cast<LossReason>(i)));
  EXPECT_EQ(name(SkipReason::kCount), "?");
  EXPECT_EQ(name(LossReason::kCount), "?");
}

}  // namespace
}  // namespace mcpvigil::base
