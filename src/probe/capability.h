// SPDX-License-Identifier: Apache-2.0
// Capability: one thing this kernel lets us do or not, why, and what its absence costs. Printed by `doctor`, said at
// start, put in the first health record.
#pragma once
#include <string>
#include <vector>

namespace mcpvigil::probe {

struct Capability {
  std::string name;  // "system calls", "tls: OpenSSL", ...
  bool ok = false;
  std::string how;   // the program or method in use, or why it cannot be had
  std::string cost;  // what is not seen without it; empty when ok
};
using Capabilities = std::vector<Capability>;

}  // namespace mcpvigil::probe
