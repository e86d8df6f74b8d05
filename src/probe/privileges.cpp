// SPDX-License-Identifier: Apache-2.0
#include "probe/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace mcpvigil::probe {

namespace {

// By number: the build host's headers may be older than the last of them (5.8, 5.9).
constexpr std::array<unsigned, 6> kKept = {2 /* DAC_READ_SEARCH */, 19 /* SYS_PTRACE */, 23 /* SYS_NICE */,
                                           38 /* PERFMON */,        39 /* BPF */,        40 /* CHECKPOINT_RESTORE */};

bool kept(unsigned capability) {
  for (const unsigned k : kKept) {
    if (k == capability) return true;
  }
  return false;
}

}  // namespace

base::Status drop_privileges() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> have{};
  if (syscall(SYS_capget, &header, have.data()) != 0) return base::errno_error("capget", errno);
  for (unsigned c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; ++c) {
    if (!kept(c) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0) return base::errno_error("drop a capability", errno);
  }
  for (unsigned word = 0; word < have.size(); ++word) {
    std::uint32_t mask = 0;
    for (const unsigned c : kKept) {
      if (c / 32 == word) mask |= 1U << (c % 32);
    }
    have[word].effective &= mask;
    have[word].permitted &= mask;
    have[word].inheritable = 0;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::errno_error("no_new_privs", errno);
  if (syscall(SYS_capset, &header, have.data()) != 0) return base::errno_error("capset", errno);
  return {};
}

}  // namespace mcpvigil::probe
