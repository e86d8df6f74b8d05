// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace mcpvigil::base {
namespace {

TEST(MemoryBudget, GivesUpToItsLimitAndNotAByteMore) {
  MemoryBudget b(100);
  EXPECT_TRUE(b.take(60));
  EXPECT_TRUE(b.take(40));
  EXPECT_FALSE(b.take(1));
  EXPECT_TRUE(b.take(0));
  EXPECT_EQ(b.used(), 100U);
  EXPECT_EQ(b.refused(), 1U);
}

TEST(MemoryBudget, ARefusalTakesNothing) {
  MemoryBudget b(100);
  EXPECT_FALSE(b.take(101));
  EXPECT_FALSE(b.take(UINT64_MAX));
  EXPECT_EQ(b.used(), 0U);
  EXPECT_EQ(b.peak(), 0U);
  EXPECT_TRUE(b.take(100));
  EXPECT_FALSE(b.take(UINT64_MAX));  // no overflow
  EXPECT_EQ(b.refused(), 3U);
}

TEST(MemoryBudget, ThePeakStaysWhenMemoryComesBack) {
  MemoryBudget b(100);
  ASSERT_TRUE(b.take(80));
  b.give(70);
  ASSERT_TRUE(b.take(5));
  EXPECT_EQ(b.used(), 15U);
  EXPECT_EQ(b.peak(), 80U);
}

}  // namespace
}  // namespace mcpvigil::base
