// SPDX-License-Identifier: Apache-2.0
// Least privilege after load: what the daemon still needs of root once its programs are in the kernel.
#pragma once
#include <string>

#include "base/result.h"

namespace mcpvigil::probe {

// Gives up every capability of this thread, and of the threads it starts later, but: CAP_BPF and CAP_PERFMON (maps,
// iterators, probes on libraries met later), CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and CAP_CHECKPOINT_RESTORE (procfs and
// mapped files of others), CAP_SYS_NICE (the ring drain). No program run from here can gain any. Call it before threads
// are started. An error leaves things as they were and is worth a warning, no more.
base::Status drop_privileges();

}  // namespace mcpvigil::probe
