// SPDX-License-Identifier: Apache-2.0
// Kernel: our programs in it. Loads by capability (one refused program never stops the others), attaches, applies
// wishes for single flows, reads counters, takes snapshots. The only code that speaks to libbpf, with uprobes.cpp.
//
// One thread at a time, except apply() and counters(), which are plain system calls.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "mcpvigil/wire/control.h"
#include "mcpvigil/wire/event.h"
#include "probe/capability.h"

struct bpf_program;

namespace mcpvigil::probe {

struct KernelOptions {
  std::size_t ring_bytes = 16U << 20;  // a power of two, at least a page
  bool tls = true;
  std::string force_variant{};  // for tests: "now", "61" or "510" (bpf/README.md); empty: the newest the kernel takes
};

struct FlowTotals {
  std::uint64_t read = 0, write = 0, read_ignored = 0, write_ignored = 0;
};

class Kernel {
 public:
  // Needs root (CAP_BPF, CAP_PERFMON and more) and kernel BTF: else kPermission or kUnsupported, with the mend.
  static base::Result<std::unique_ptr<Kernel>> load(const KernelOptions& options);
  ~Kernel();
  Kernel(const Kernel&) = delete;

  base::Status attach();
  void detach();  // no more records; maps stay readable
  [[nodiscard]] const Capabilities& capabilities() const;
  [[nodiscard]] int ring_fd() const;

  // Emits every process, then every stream somebody holds, as records in the ring.
  base::Status snapshot();
  // Starts a sweep and tells which of the given flows nobody holds any more.
  base::Status sweep(std::vector<std::pair<std::uint64_t, mv_flow_key>>& flows);

  // mode: MV_MODE_*; way: MV_WAY_*. False when the kernel no longer has the flow.
  bool apply(const mv_flow_key& key, std::uint64_t flow, int way, int mode) const;
  [[nodiscard]] bool totals(const mv_flow_key& key, FlowTotals& out) const;
  void forget(const mv_flow_key& key) const;
  [[nodiscard]] std::array<std::uint64_t, MV_STAT_MAX> counters() const;
  [[nodiscard]] std::uint64_t counter(unsigned which) const;  // MV_STAT_*

  // The program of that name, or null when it was not loaded.
  [[nodiscard]] bpf_program* program(const char* name) const;

 private:
  Kernel();
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::probe
