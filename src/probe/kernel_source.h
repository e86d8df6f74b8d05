// SPDX-License-Identifier: Apache-2.0
// KernelSource: the live EventSource. Decodes the ring's records into events, adds what procfs says about the processes
// that matter, ticks, reports losses, notices ended streams, and passes wishes for single flows to the kernel.
//
// next() and set_copy() belong to one thread (the pipeline's). The source starts two threads of its own: the ring
// drain and, with TLS, the one that looks for TLS libraries.
#pragma once
#include <memory>
#include <string>

#include "probe/capability.h"
#include "source/event_source.h"
#include "stream/channel.h"

namespace mcpvigil::probe {

struct LiveOptions {
  std::size_t ring_bytes = 16U << 20;
  std::size_t queue_bytes = 64U << 20;  // decoded later; beyond it the ring fills and the kernel counts losses
  bool tls = true;
  bool snapshot = true;          // streams and processes that are there already
  std::string force_variant{};   // for tests: KernelOptions
  bool drop_privileges = false;  // keep only what is needed once the programs are loaded (privileges.h)
};

struct KernelCounters {  // since the start
  std::uint64_t seen = 0, copied = 0, counted = 0, ignored = 0, lost_ring = 0, lost_user = 0, lost_large = 0;
  std::uint64_t records = 0, records_lost = 0, control_lost = 0, flows = 0, flow_failures = 0, compat32 = 0, blind = 0,
                reopened = 0;
};

class KernelSource : public source::EventSource, public stream::CopyControl {
 public:
  // Loads, attaches and takes the snapshot; when it returns, every later byte is seen.
  static base::Result<std::unique_ptr<KernelSource>> open(const LiveOptions& options);
  ~KernelSource() override;

  base::Result<source::Batch> next() override;
  void set_copy(base::FlowId flow, event::Way way, stream::CopyMode mode) override;

  [[nodiscard]] Capabilities capabilities() const;
  [[nodiscard]] KernelCounters counters() const;
  // No new events after what is in the ring now; next() then ends. For shutdown.
  void stop();

 private:
  KernelSource();
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::probe
