// SPDX-License-Identifier: Apache-2.0
// What this machine can do, the one source of a test binary, and main().
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "kernel/observed.h"

namespace mcpvigil::test {

namespace {
std::unique_ptr<probe::KernelSource> g_source;
std::string g_why_not;
int g_slow = 1;
}  // namespace

std::string why_not_here() {
  if (geteuid() != 0) return "the probes need root";
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) return "this kernel has no type information (BTF)";
  return {};
}

probe::KernelSource* shared_source(std::string* why_not) {
  if (!g_source && g_why_not.empty()) {
    g_why_not = why_not_here();
    if (g_why_not.empty()) {
      auto opened = probe::KernelSource::open(live_options());
      if (opened) {
        g_source = std::move(*opened);
      } else {
        g_why_not = opened.error().message;
      }
    }
  }
  if (why_not != nullptr) *why_not = g_why_not;
  return g_source.get();
}

probe::LiveOptions live_options() {
  // Room for a test's bytes even while other work keeps this process from running: what is tested is not the speed.
  return {.ring_bytes = 64U << 20, .queue_bytes = 256U << 20, .tls = false, .snapshot = false};
}

void close_shared_source() { g_source.reset(); }

std::chrono::milliseconds patience() { return std::chrono::seconds(20) * g_slow; }

void KernelTest::SetUp() {
  std::string why;
  if (const std::string here = why_not_here(); !here.empty()) GTEST_SKIP() << here;
  // Root and BTF are there: a refusal to load is a failure, not a reason to skip.
  ASSERT_NE(shared_source(&why), nullptr) << why;
}

}  // namespace mcpvigil::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string_view a = argv[i];
    if (a.starts_with("--slow=")) mcpvigil::test::g_slow = std::max(1, std::atoi(argv[i] + 7));
  }
  if (const std::string why = mcpvigil::test::why_not_here(); !why.empty()) {
    std::printf("skipped: %s\n", why.c_str());
    return 77;
  }
  const int rc = RUN_ALL_TESTS();
  mcpvigil::test::close_shared_source();
  return rc;
}
