// SPDX-License-Identifier: Apache-2.0
#include "probe/syscall_table.h"

#include <sys/syscall.h>

#include <initializer_list>

#include "mcpvigil/wire/control.h"

namespace mcpvigil::probe {

void fill_syscall_table(unsigned char* table) {
#if defined(__x86_64__)
  // 32-bit numbers (arch/x86/entry/syscalls/syscall_32.tbl) that move bytes, where the 64-bit meaning moves none:
  // read write readv writev preadv pwritev splice sendfile sendfile64 recvmmsg sendmmsg sendto sendmsg recvfrom recvmsg
  for (const int nr : {3, 4, 102 /* socketcall */, 145, 146, 187, 239, 313, 333, 334, 337, 345, 369, 370, 371, 372})
    table[nr] = MV_OP_COMPAT;
#endif
  struct Entry {
    long nr;
    unsigned char op;
  };
  const Entry entries[] = {
      {SYS_read, MV_OP_READ},         {SYS_write, MV_OP_WRITE},       {SYS_pread64, MV_OP_READ},
      {SYS_pwrite64, MV_OP_WRITE},    {SYS_readv, MV_OP_READV},       {SYS_writev, MV_OP_WRITEV},
      {SYS_preadv, MV_OP_READV},      {SYS_pwritev, MV_OP_WRITEV},    {SYS_preadv2, MV_OP_READV},
      {SYS_pwritev2, MV_OP_WRITEV},   {SYS_recvfrom, MV_OP_RECVFROM}, {SYS_sendto, MV_OP_SENDTO},
      {SYS_recvmsg, MV_OP_RECVMSG},   {SYS_sendmsg, MV_OP_SENDMSG},   {SYS_recvmmsg, MV_OP_RECVMMSG},
      {SYS_sendmmsg, MV_OP_SENDMMSG}, {SYS_splice, MV_OP_SPLICE},     {SYS_tee, MV_OP_TEE},
      {SYS_sendfile, MV_OP_SENDFILE}, {SYS_vmsplice, MV_OP_VMSPLICE}, {SYS_mmap, MV_OP_MMAP},
  };
  for (const Entry& e : entries) table[e.nr] = e.op;
}

}  // namespace mcpvigil::probe
