// SPDX-License-Identifier: Apache-2.0
#include "stream/actor_log.h"

#include <gtest/gtest.h>

namespace mcpvigil::stream {
namespace {

base::ProcessKey who(std::uint32_t pid) { return {pid, 1}; }

TEST(ActorLog, KnowsNobodyBeforeTheFirstNote) {
  ActorLog log;
  EXPECT_FALSE(log.at(0).known());
  EXPECT_FALSE(log.latest().known());
  EXPECT_EQ(log.change_after(0), ActorLog::kNever);
}

TEST(ActorLog, NamesTheActorOfEveryPosition) {
  ActorLog log;
  log.note(0, who(1));
  log.note(10, who(2));
  log.note(20, who(1));
  EXPECT_EQ(log.at(0), who(1));
  EXPECT_EQ(log.at(9), who(1));
  EXPECT_EQ(log.at(10), who(2));
  EXPECT_EQ(log.at(1000), who(1));
  EXPECT_EQ(log.change_after(0), 10u);
  EXPECT_EQ(log.change_after(10), 20u);
  EXPECT_EQ(log.change_after(20), ActorLog::kNever);
}

TEST(ActorLog, KeepsANoteThatCameLateAtItsPlace) {
  ActorLog log;
  log.note(0, who(1));
  log.note(20, who(3));
  log.note(10, who(2));
  EXPECT_EQ(log.at(15), who(2));
  EXPECT_EQ(log.at(25), who(3));
}

TEST(ActorLog, ForgetsTheOldestChangeOnly) {
  ActorLog log;
  for (std::uint32_t i = 0; i < 20; ++i) log.note(i * 10, who(i + 1));
  EXPECT_EQ(log.at(195), who(20));
  EXPECT_EQ(log.at(155), who(16));
  EXPECT_EQ(log.at(0), who(13)) << "the oldest one remembered stands for all before";
}

}  // namespace
}  // namespace mcpvigil::stream
