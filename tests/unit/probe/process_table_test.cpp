// SPDX-License-Identifier: Apache-2.0
// Processes that do not exist here (pids beyond pid_max), so that procfs has nothing to add.
#include "probe/process_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace mcpvigil::probe {
namespace {

constexpr std::uint64_t kOffset = 1'000'000'000'000;
constexpr std::uint32_t kShell = 0x7F000001, kServer = 0x7F000002, kOther = 0x7F000003;

mv_actor actor(std::uint32_t pid, std::uint64_t start) {
  mv_actor a{};
  a.tgid = a.tid = pid;
  a.start = start;
  return a;
}

mv_process record(std::uint32_t type, mv_actor who, mv_actor parent, const char* comm, std::uint64_t ts = 5000) {
  mv_process p{};
  p.h.type = type;
  p.h.ts = ts;
  p.process = who;
  p.parent = parent;
  p.uid = 12345;
  std::strncpy(p.comm, comm, sizeof p.comm);
  return p;
}

class ProcessTableTest : public testing::Test {
 protected:
  template <typename T>
  std::vector<T> take() {
    std::vector<T> found;
    for (const event::Event& e : out) {
      if (const T* x = std::get_if<T>(&e)) found.push_back(*x);
    }
    out.clear();
    return found;
  }
  ProcessTable table{kOffset};
  std::vector<event::Event> out;
  mv_actor shell = actor(kShell, 100), server = actor(kServer, 200), init = actor(1, 1);
};

TEST_F(ProcessTableTest, AKeyIsPidAndWallClockStart) {
  EXPECT_EQ(table.key(shell), (base::ProcessKey{kShell, kOffset + 100}));
  EXPECT_EQ(table.key(actor(kShell, 0)), (base::ProcessKey{kShell, 0})) << "start not known";
}

TEST_F(ProcessTableTest, SaysNothingOfProcessesNobodyAskedFor) {
  table.on_record(record(MV_EV_TASK, shell, init, "sh"), {}, out);
  table.on_record(record(MV_EV_FORK, server, shell, "sh"), {}, out);
  table.on_record(record(MV_EV_EXEC, server, shell, "node"), std::string_view("node\0server.js\0", 15), out);
  table.on_record(record(MV_EV_EXIT, server, shell, "node"), {}, out);
  EXPECT_TRUE(out.empty());
}

TEST_F(ProcessTableTest, TellsAProcessAndItsAncestorsOnce) {
  table.on_record(record(MV_EV_TASK, shell, init, "sh"), {}, out);
  table.on_record(record(MV_EV_FORK, server, shell, "sh"), {}, out);
  table.on_record(record(MV_EV_EXEC, server, shell, "node"), std::string_view("/usr/bin/node\0server.js\0", 24), out);
  table.tell(server, {77}, out);
  const auto facts = take<event::ProcessFacts>();
  ASSERT_EQ(facts.size(), 2U);
  EXPECT_EQ(facts[0].process.pid, kShell) << "parents first";
  EXPECT_EQ(facts[1].process, table.key(server));
  EXPECT_EQ(facts[1].parent, table.key(shell));
  EXPECT_EQ(facts[1].argv, (std::vector<std::string>{"/usr/bin/node", "server.js"}));
  EXPECT_EQ(facts[1].exe, "/usr/bin/node");
  EXPECT_EQ(facts[1].comm, "node");
  EXPECT_EQ(facts[1].uid, 12345U);
  EXPECT_EQ(facts[1].user, "12345");
  table.tell(server, {78}, out);
  EXPECT_TRUE(out.empty());
}

TEST_F(ProcessTableTest, AForkedChildHasItsParentsArguments) {
  table.on_record(record(MV_EV_EXEC, shell, init, "sh"), std::string_view("sh\0-c\0x\0", 8), out);
  table.on_record(record(MV_EV_FORK, server, shell, "sh"), {}, out);
  table.tell(server, {1}, out);
  const auto facts = take<event::ProcessFacts>();
  ASSERT_EQ(facts.size(), 2U);
  EXPECT_EQ(facts[1].argv, (std::vector<std::string>{"sh", "-c", "x"}));
}

TEST_F(ProcessTableTest, ForksOfAKnownParentAreTold) {
  table.on_record(record(MV_EV_TASK, shell, init, "sh"), {}, out);
  table.tell(shell, {1}, out);
  out.clear();
  table.on_record(record(MV_EV_FORK, server, shell, "sh"), {}, out);
  const auto forks = take<event::ProcessFork>();
  ASSERT_EQ(forks.size(), 1U);
  EXPECT_EQ(forks[0].parent, table.key(shell));
  EXPECT_EQ(forks[0].child, table.key(server));
}

TEST_F(ProcessTableTest, ExecOfAKnownProcessSaysWhoItIsNow) {
  table.on_record(record(MV_EV_TASK, server, init, "sh"), {}, out);
  table.tell(server, {1}, out);
  out.clear();
  table.on_record(record(MV_EV_EXEC, server, init, "node"), std::string_view("node\0", 5), out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<event::ProcessExec>(out[0]));
  const auto facts = take<event::ProcessFacts>();
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts[0].comm, "node");
}

TEST_F(ProcessTableTest, APidUsedAgainIsAnotherProcess) {
  table.on_record(record(MV_EV_TASK, server, init, "old"), {}, out);
  table.tell(server, {1}, out);
  out.clear();
  table.on_record(record(MV_EV_EXIT, server, init, "old"), {}, out);
  EXPECT_EQ(take<event::ProcessExit>().size(), 1U);
  const mv_actor again = actor(kServer, 900);
  table.on_record(record(MV_EV_EXEC, again, init, "new"), std::string_view("new\0", 4), out);
  table.tell(again, {2}, out);
  const auto facts = take<event::ProcessFacts>();
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts[0].comm, "new");
  EXPECT_NE(facts[0].process, table.key(server));
}

TEST_F(ProcessTableTest, EndedProcessesAreKeptForAWhileOnly) {
  table.on_record(record(MV_EV_EXEC, server, init, "first"), std::string_view("first\0", 6), out);
  table.on_record(record(MV_EV_EXIT, server, init, "first"), {}, out);
  table.tell(server, {1}, out);
  EXPECT_EQ(take<event::ProcessFacts>().at(0).comm, "first");
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const mv_actor a = actor(kOther + i, 1000 + i);
    table.on_record(record(MV_EV_FORK, a, init, "x"), {}, out);
    table.on_record(record(MV_EV_EXIT, a, init, "x"), {}, out);
  }
  out.clear();
  table.tell(server, {2}, out);
  const auto facts = take<event::ProcessFacts>();
  ASSERT_EQ(facts.size(), 1U) << "forgotten, so told again with what is known";
  EXPECT_TRUE(facts[0].comm.empty());
}

TEST_F(ProcessTableTest, NobodyIsNotTold) {
  table.tell(actor(0, 0), {1}, out);
  EXPECT_TRUE(out.empty());
}

TEST_F(ProcessTableTest, ANameWithoutAnEndIsCut) {
  mv_process p = record(MV_EV_TASK, server, init, "");
  std::memset(p.comm, 'c', sizeof p.comm);
  table.on_record(p, {}, out);
  table.tell(server, {1}, out);
  EXPECT_EQ(take<event::ProcessFacts>().at(0).comm, std::string(sizeof p.comm, 'c'));
}

}  // namespace
}  // namespace mcpvigil::probe
