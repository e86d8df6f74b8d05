// SPDX-License-Identifier: Apache-2.0
#include "probe/ring_drain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mcpvigil::probe {
namespace {

std::vector<std::string> records(const Block& b) {
  std::vector<std::string> out;
  b.each([&](std::string_view r) { out.emplace_back(r); });
  return out;
}

TEST(Block, GivesBackWhatWasPutIn) {
  Block b;
  EXPECT_TRUE(b.empty());
  std::vector<std::string> in;
  for (std::size_t n = 0; n < 40; ++n) {
    in.emplace_back(n, static_cast<char>('a' + n % 26));
    ASSERT_TRUE(b.fits(n));
    b.append(in.back());
  }
  EXPECT_EQ(records(b), in);
  b.clear();
  EXPECT_TRUE(b.empty());
  EXPECT_TRUE(records(b).empty());
}

TEST(Block, TakesUntilItIsFull) {
  Block b;
  std::size_t n = 0;
  const std::string r(65536 + 64, 'r');
  while (b.fits(r.size())) {
    b.append(r);
    ++n;
  }
  EXPECT_EQ(n, Block::kBytes / (r.size() + 8));
  EXPECT_EQ(records(b).size(), n);
  EXPECT_LE(b.used(), Block::kBytes);
}

TEST(Block, RecordsBeginAtMultiplesOfEight) {
  Block b;
  for (std::size_t n = 1; n < 20; ++n) b.append(std::string(n, 'x'));
  b.each([&](std::string_view r) { EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.data()) % 8, 0U); });
}

TEST(Block, ARecordMayFillIt) {
  Block b;
  EXPECT_TRUE(b.fits(Block::kBytes - 8));
  EXPECT_FALSE(b.fits(Block::kBytes - 7));
  b.append(std::string(Block::kBytes - 8, 'f'));
  EXPECT_EQ(records(b).at(0).size(), Block::kBytes - 8);
}

}  // namespace
}  // namespace mcpvigil::probe
