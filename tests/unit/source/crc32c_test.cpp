// SPDX-License-Identifier: Apache-2.0
#include "source/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace mcpvigil::source {
namespace {

TEST(Crc32c, GivesThePublishedCheckValues) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(0, ""), 0u);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstruction) {
  std::mt19937 random(1);
  for (std::size_t n = 0; n < 300; ++n) {
    std::string s(n, '\0');
    for (char& c : s) c = static_cast<char>(random());
    EXPECT_EQ(crc32c(7, s), crc32c_portable(7, s)) << n;
  }
}

TEST(Crc32c, GoesOnWhereItStopped) {
  const std::string s = "the quick brown fox jumps over the lazy dog";
  for (std::size_t i = 0; i <= s.size(); ++i) EXPECT_EQ(crc32c(crc32c(0, s.substr(0, i)), s.substr(i)), crc32c(0, s));
}

}  // namespace
}  // namespace mcpvigil::source
