// SPDX-License-Identifier: Apache-2.0
// A real call, seen or not: two processes of our own speak MCP over a pipe pair and a socketpair.
#pragma once
#include <string>

#include "base/result.h"

namespace mcpvigil::probe {
class KernelSource;
}

namespace mcpvigil::app {

struct SelfTest {
  bool pipe_seen = false, socketpair_seen = false;
  double first_ms = 0;  // from the first byte written to the first record
  std::string detail;
};

// Starts the peers, reads events from the source until both calls were seen or five seconds passed.
base::Result<SelfTest> run_self_test(probe::KernelSource& source);

}  // namespace mcpvigil::app
