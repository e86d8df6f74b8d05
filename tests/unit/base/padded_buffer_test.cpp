// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace mcpvigil::base {
namespace {

// Reads what a parser may read past the end: a sanitizer objects where it is not there.
unsigned touch_padding(const PaddedBuffer& b) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < kPadding; ++i) sum += static_cast<unsigned char>(b.view().data()[b.size() + i]);
  return sum;
}

TEST(PaddedBuffer, EmptyHasNoMemory) {
  const PaddedBuffer b;
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(b.capacity(), 0U);
  EXPECT_EQ(b.view(), "");
}

TEST(PaddedBuffer, IsPaddedAtEverySizeItGrowsTo) {
  PaddedBuffer b;
  std::string same;
  for (int i = 0; i < 2000; ++i) {
    const char c = static_cast<char>('a' + i % 26);
    b.append({&c, 1});
    same += c;
    ASSERT_EQ(b.view(), same);
    touch_padding(b);
  }
  EXPECT_LE(b.capacity(), 4096U);
}

TEST(PaddedBuffer, AppendsNothing) {
  PaddedBuffer b;
  b.append({});
  EXPECT_TRUE(b.empty());
  b.append("x");
  b.append({});
  EXPECT_EQ(b.view(), "x");
}

TEST(PaddedBuffer, ConsumesFromTheFront) {
  PaddedBuffer b;
  b.append("hello world");
  b.consume(6);
  EXPECT_EQ(b.view(), "world");
  b.consume(0);
  EXPECT_EQ(b.view(), "world");
  b.consume(99);
  EXPECT_TRUE(b.empty());
  b.append("again");
  EXPECT_EQ(b.view(), "again");
}

TEST(PaddedBuffer, ReserveKeepsTheContentAndNeverShrinks) {
  PaddedBuffer b;
  b.append("abc");
  b.reserve(1000);
  EXPECT_EQ(b.view(), "abc");
  EXPECT_GE(b.capacity(), 1000U);
  const std::size_t capacity = b.capacity();
  b.reserve(10);
  EXPECT_EQ(b.capacity(), capacity);
  touch_padding(b);
}

TEST(PaddedBuffer, ClearKeepsTheMemoryAndReleaseGivesItBack) {
  PaddedBuffer b;
  b.append("abc");
  b.clear();
  EXPECT_TRUE(b.empty());
  EXPECT_GT(b.capacity(), 0U);
  b.append("abc");
  b.release();
  EXPECT_EQ(b.capacity(), 0U);
  b.append("def");
  EXPECT_EQ(b.view(), "def");
}

TEST(PaddedBuffer, MovingLeavesAnEmptyOne) {
  PaddedBuffer a;
  a.append("abc");
  PaddedBuffer b = std::move(a);
  EXPECT_EQ(b.view(), "abc");
  a = {};
  EXPECT_TRUE(a.empty());
  a.append("x");
  EXPECT_EQ(a.view(), "x");
}

}  // namespace
}  // namespace mcpvigil::base
