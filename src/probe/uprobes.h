// SPDX-License-Identifier: Apache-2.0
// Uprobes: our TLS programs on the functions of one library or executable.
//
// One uprobe_multi link a program and file where the kernel has it (6.6), one perf event a function elsewhere.
// Taking a link down waits for every CPU (tens to hundreds of ms each), so the destructor does it side by side.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "elf/symbols.h"

namespace mcpvigil::probe {

class Kernel;

class Uprobes {
 public:
  explicit Uprobes(const Kernel& kernel);  // borrowed; outlives this
  ~Uprobes();
  Uprobes(const Uprobes&) = delete;

  // path: names the file now (for example /proc/self/fd/7); the probes stay with the inode. Returns functions hooked.
  base::Result<int> attach(const std::string& path, const std::vector<elf::FunctionSymbol>& functions);
  [[nodiscard]] bool uses_multi() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::probe
