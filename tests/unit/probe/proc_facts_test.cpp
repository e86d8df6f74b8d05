// SPDX-License-Identifier: Apache-2.0
#include "probe/proc_facts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace mcpvigil::probe {
namespace {

using Args = std::vector<std::string>;
using namespace std::string_view_literals;

TEST(SplitArgv, NulSeparated) {
  EXPECT_EQ(split_argv("npx\0-y\0server\0"sv), (Args{"npx", "-y", "server"}));
  EXPECT_EQ(split_argv("npx\0-y"sv), (Args{"npx", "-y"}));
  EXPECT_EQ(split_argv("a\0\0b\0"sv), (Args{"a", "", "b"}));
  EXPECT_EQ(split_argv(""sv), Args{});
  EXPECT_EQ(split_argv("\0"sv), Args{""});
}

TEST(SplitArgv, IsBounded) {
  std::string many;
  for (int i = 0; i < 500; ++i) many += std::string("x\0", 2);
  EXPECT_EQ(split_argv(many).size(), 64U);
  const Args one = split_argv(std::string(1UL << 20, 'y'));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].size(), 4096U);
}

TEST(ContainerOfCgroup, SixtyFourHexDigits) {
  const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  EXPECT_EQ(container_of_cgroup("0::/system.slice/docker-" + id + ".scope"), id);
  EXPECT_EQ(container_of_cgroup("0::/kubepods.slice/kubepods-pod12.slice/cri-containerd-" + id + ".scope\n"), id);
  EXPECT_EQ(container_of_cgroup("/docker/" + id), id);
  EXPECT_EQ(container_of_cgroup(id), id);
}

TEST(ContainerOfCgroup, OtherPaths) {
  EXPECT_EQ(container_of_cgroup(""), "");
  EXPECT_EQ(container_of_cgroup("0::/user.slice/user-0.slice/session-1.scope"), "");
  EXPECT_EQ(container_of_cgroup("/docker/" + std::string(63, 'a')), "");
  EXPECT_EQ(container_of_cgroup("/docker/" + std::string(64, 'G')), "");
}

TEST(ReadProcFacts, OfThisProcess) {
  event::ProcessFacts f;
  ASSERT_TRUE(read_proc_facts(static_cast<std::uint32_t>(getpid()), f));
  EXPECT_EQ(f.uid, getuid());
  EXPECT_NE(f.exe.find("probe_tests"), std::string::npos);
  ASSERT_FALSE(f.argv.empty());
  EXPECT_FALSE(f.cwd.empty());
  EXPECT_EQ(f.comm, std::string("probe_tests").substr(0, 15));
  EXPECT_EQ(f.user, user_name(getuid()));
}

TEST(ReadProcFacts, OfNobody) {
  event::ProcessFacts f;
  EXPECT_FALSE(read_proc_facts(0x7FFFFFFF, f));
}

TEST(UserName, RootAndNobody) {
  EXPECT_EQ(user_name(0), "root");
  EXPECT_EQ(user_name(4242424242), "4242424242");
}

}  // namespace
}  // namespace mcpvigil::probe
