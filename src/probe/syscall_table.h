// SPDX-License-Identifier: Apache-2.0
// Which system call numbers move bytes, on the architecture we are built for.
#pragma once

namespace mcpvigil::probe {

// table: MV_SYSCALLS bytes of MV_OP_* (wire/control.h), zeroed by the caller.
void fill_syscall_table(unsigned char* table);

}  // namespace mcpvigil::probe
