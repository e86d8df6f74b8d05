// SPDX-License-Identifier: Apache-2.0
#include "probe/syscall_table.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "mcpvigil/wire/control.h"

namespace mcpvigil::probe {
namespace {

std::array<unsigned char, MV_SYSCALLS> table() {
  std::array<unsigned char, MV_SYSCALLS> t{};
  fill_syscall_table(t.data());
  return t;
}

TEST(SyscallTable, CallsThatMoveBytes) {
  const auto t = table();
  EXPECT_EQ(t[SYS_read], MV_OP_READ);
  EXPECT_EQ(t[SYS_write], MV_OP_WRITE);
  EXPECT_EQ(t[SYS_preadv2], MV_OP_READV);
  EXPECT_EQ(t[SYS_writev], MV_OP_WRITEV);
  EXPECT_EQ(t[SYS_recvfrom], MV_OP_RECVFROM);
  EXPECT_EQ(t[SYS_sendto], MV_OP_SENDTO);
  EXPECT_EQ(t[SYS_recvmmsg], MV_OP_RECVMMSG);
  EXPECT_EQ(t[SYS_sendmmsg], MV_OP_SENDMMSG);
  EXPECT_EQ(t[SYS_vmsplice], MV_OP_VMSPLICE);
  EXPECT_EQ(t[SYS_mmap], MV_OP_MMAP);
}

TEST(SyscallTable, OthersMeanNothing) {
  const auto t = table();
  for (const long nr : {SYS_openat, SYS_getppid, SYS_futex, SYS_epoll_wait, SYS_nanosleep, SYS_clone}) {
    EXPECT_TRUE(t[static_cast<std::size_t>(nr)] == MV_OP_NONE || t[static_cast<std::size_t>(nr)] == MV_OP_COMPAT) << nr;
  }
}

// The probe reads the direction from the lowest bit.
TEST(SyscallTable, TheReadFamilyIsOdd) {
  for (const int op : {MV_OP_READ, MV_OP_READV, MV_OP_RECVFROM, MV_OP_RECVMSG, MV_OP_RECVMMSG}) EXPECT_EQ(op & 1, 1);
  for (const int op : {MV_OP_WRITE, MV_OP_WRITEV, MV_OP_SENDTO, MV_OP_SENDMSG, MV_OP_SENDMMSG, MV_OP_VMSPLICE})
    EXPECT_EQ(op & 1, 0);
}

#if defined(__x86_64__)
TEST(SyscallTable, Numbers32BitCallsUse) {
  const auto t = table();
  EXPECT_EQ(t[3], MV_OP_COMPAT);    // read there, close here
  EXPECT_EQ(t[4], MV_OP_COMPAT);    // write there, stat here
  EXPECT_EQ(t[102], MV_OP_COMPAT);  // socketcall there, getuid here
  EXPECT_EQ(t[145], MV_OP_COMPAT);  // readv there
  // A number that moves bytes both ways keeps its 64-bit meaning.
  EXPECT_EQ(t[SYS_recvmmsg], MV_OP_RECVMMSG);
}
#endif

}  // namespace
}  // namespace mcpvigil::probe
