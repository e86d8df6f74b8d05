// SPDX-License-Identifier: Apache-2.0
// Pipeline: the page that connects the stages. Events in, records out; no threads, no I/O, no clock.
//
//   events -> stream (channels) -> conversation (framing, JSON-RPC, is it MCP) -> session (who, what, pairs) -> records
#pragma once
#include <cstdint>
#include <memory>

#include "base/ledger.h"
#include "base/memory_budget.h"
#include "event/event.h"
#include "session/inventory.h"
#include "session/sessions.h"
#include "stream/stream_assembler.h"

namespace mcpvigil::pipeline {

struct PipelineLimits {
  std::uint64_t max_message = 64ULL << 20;
  std::uint64_t max_pending = 64ULL << 10;
  std::uint64_t max_total = 256ULL << 20;  // all buffered stream bytes together
  std::size_t max_flows = 65536;
  session::SessionLimits session;
};

struct PipelineStats {
  base::Ledger ledger;            // of every stream, closed and open; `pending` included in seen
  std::uint64_t waiting = 0;      // bytes the stages say they hold: equals ledger.pending(), or we have a fault
  std::uint64_t out_of_true = 0;  // open streams whose own ledger does not say what the stages hold: 0
  std::uint64_t channels = 0, mcp_channels = 0, other_channels = 0;
  std::uint64_t buffered = 0, buffered_peak = 0;
  session::SessionCounters session;
  stream::AssemblerStats stream;
};

class Pipeline {
 public:
  // All borrowed and outlive this. control and inventory may be null.
  Pipeline(const PipelineLimits& limits, session::RecordListener& out, stream::CopyControl* control,
           session::Inventory* inventory);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;

  void on_event(const event::Event& e);
  void finish();  // at the time of the last event
  [[nodiscard]] PipelineStats stats() const;
  [[nodiscard]] base::Timestamp now() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::pipeline
