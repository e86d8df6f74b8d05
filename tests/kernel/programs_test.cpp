// SPDX-License-Identifier: Apache-2.0
// Every program of the object loads on its own, every variant of the system-call probe sees the same bytes, and nothing
// stays in the kernel or in this process afterwards.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "kernel/moves.h"
#include "mcpvigil_bpf.skel.h"

namespace mcpvigil::test {
namespace {

std::string g_said;
int keep(libbpf_print_level level, const char* format, va_list args) {
  char line[1024];
  if (level != LIBBPF_DEBUG && vsnprintf(line, sizeof line, format, args) > 0) g_said += line;
  return 0;
}

std::set<std::string> program_names() {
  std::set<std::string> out;
  mcpvigil_bpf* skel = mcpvigil_bpf__open();
  if (skel == nullptr) return out;
  bpf_program* p = nullptr;
  bpf_object__for_each_program(p, skel->obj) out.insert(bpf_program__name(p));
  mcpvigil_bpf__destroy(skel);
  return out;
}

int load_alone(const std::string& name) {
  mcpvigil_bpf* skel = mcpvigil_bpf__open();
  if (skel == nullptr) return -errno;
  bpf_map__set_max_entries(skel->maps.events, static_cast<__u32>(sysconf(_SC_PAGESIZE)));
  bpf_program* p = nullptr;
  bpf_object__for_each_program(p, skel->obj) bpf_program__set_autoload(p, bpf_program__name(p) == name);
  const int err = mcpvigil_bpf__load(skel);
  mcpvigil_bpf__destroy(skel);
  return err;
}

class Programs : public testing::TestWithParam<std::string> {};
TEST_P(Programs, LoadsOnItsOwn) {
  g_said.clear();
  const libbpf_print_fn_t before = libbpf_set_print(keep);
  const int err = load_alone(GetParam());
  libbpf_set_print(before);
  // The newest variant needs 6.2 (bpf_rdonly_cast), the middle one 5.17 (bpf_loop).
  utsname u{};
  uname(&u);
  int major = 0;
  int minor = 0;
  std::sscanf(u.release, "%d.%d", &major, &minor);
  const int version = major * 100 + minor;
  const bool newer =
      (GetParam() == "on_sys_exit" && version < 602) ||
      ((GetParam() == "on_sys_exit_61" || GetParam() == "on_ssl_rd_ret" || GetParam() == "on_ssl_wr_ret") &&
       version < 517);
  if (newer && err != 0) GTEST_SKIP() << "made for a newer kernel; this one said " << std::strerror(-err);
  EXPECT_EQ(err, 0) << std::strerror(-err) << "\n" << g_said.substr(g_said.size() > 3000 ? g_said.size() - 3000 : 0);
}
INSTANTIATE_TEST_SUITE_P(All, Programs, testing::ValuesIn(program_names()), [](const auto& p) { return p.param; });

std::size_t bpf_descriptors() {
  std::size_t n = 0;
  DIR* dir = opendir("/proc/self/fd");
  while (const dirent* e = readdir(dir)) {
    char to[256] = {};
    if (readlinkat(dirfd(dir), e->d_name, to, sizeof to - 1) > 0 &&
        std::string_view(to).find("bpf") != std::string_view::npos)
      ++n;
  }
  closedir(dir);
  return n;
}

std::size_t pins() {
  std::size_t n = 0;
  DIR* dir = opendir("/sys/fs/bpf");
  if (dir == nullptr) return 0;
  while (readdir(dir) != nullptr) ++n;
  closedir(dir);
  return n;
}

class Variants : public testing::TestWithParam<const char*> {};
TEST_P(Variants, SeeTheSameBytes) {
  const std::size_t pins_before = pins();
  const std::size_t before = bpf_descriptors();
  {
    probe::LiveOptions options = live_options();
    options.force_variant = GetParam();
    options.tls = true;  // those programs have variants, too
    auto source = probe::KernelSource::open(options);
    if (!source) GTEST_SKIP() << GetParam() << ": " << source.error().message;
    const auto capabilities = (*source)->capabilities();
    ASSERT_FALSE(capabilities.empty());
    EXPECT_EQ(capabilities.front().how,
              GetParam() == std::string("now") ? "on_sys_exit" : std::string("on_sys_exit_") + GetParam());
    const std::vector<std::size_t> sizes = {1, 100, 193, 4096, 16257, 65536, 65537, 300000};
    const std::vector<std::size_t> large = {2UL << 20, 8UL << 20};
    for (const Carrier c : {Carrier::kPipe, Carrier::kFifo, Carrier::kSocketpair, Carrier::kSeqpacket, Carrier::kTcp4,
                            Carrier::kPtyToMaster}) {
      SCOPED_TRACE(name(c));
      move(**source, c, {Writer::kWrite, Reader::kRead}, sizes);
      move(**source, c, {Writer::kWritev, Reader::kReadv, Split::kOddIovecs, Split::kOddIovecs}, sizes);
      if (!is_socket(c)) continue;
      move(**source, c, {Writer::kSendto, Reader::kRecvfrom}, sizes);
      move(**source, c, {Writer::kSendmsg, Reader::kRecvmsg}, sizes);
      move(**source, c, {Writer::kSendmmsg, Reader::kRecvmmsg}, sizes);
    }
    move(**source, Carrier::kPipe, {Writer::kVmsplice, Reader::kRead}, sizes);
    move(**source, Carrier::kPipe, {Writer::kWrite, Reader::kRead}, large);
    move(**source, Carrier::kTcp4, {Writer::kSendmsg, Reader::kRecvmsg}, large);
  }
  EXPECT_EQ(bpf_descriptors(), before) << "descriptors of BPF objects are still open";
  EXPECT_EQ(pins(), pins_before);
}
INSTANTIATE_TEST_SUITE_P(All, Variants, testing::Values("now", "61", "510"),
                         [](const auto& p) { return std::string(p.param); });

}  // namespace
}  // namespace mcpvigil::test
