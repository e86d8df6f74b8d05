// SPDX-License-Identifier: Apache-2.0
// StreamAssembler: events about kernel objects -> channels with ordered bytes in each direction.
//
// Feeds on FlowOpen, FlowData, FlowActor, FlowSkipped, FlowHolder, FlowEof, FlowClose, ProcessNote, Lost and Tick; all
// others only carry time. One thread, event time, deterministic: the same events give the same calls. A channel is
// opened with its first byte (or gap), so a quiet descriptor costs the listener nothing.
//
// Which copy of a byte is used, and how ends are paired, is written in src/stream/README.md. What is held waiting is
// bounded by limits.stream.max_pending a lane and limits.stream.budget in all.
//
//   StreamAssembler a({.stream = limits}, listener, nullptr);
//   for (const event::Event& e : batch.events) a.on_event(e);
//   a.finish(last);
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/memory_budget.h"
#include "event/event.h"
#include "stream/channel.h"

namespace mcpvigil::stream {

struct AssemblerLimits {
  base::StreamLimits stream{};
  std::size_t max_flows = 65536;  // the kernel's table is as large; beyond it the longest idle flow's channel is closed
};

struct AssemblerStats {
  std::uint64_t flows_opened = 0;
  std::uint64_t flows_implicit = 0;  // met by their bytes: the FlowOpen was lost
  std::uint64_t flows_evicted = 0;   // closed to make room
  std::uint64_t channels_opened = 0;
  std::uint64_t late_records = 0, late_bytes = 0;  // of flows already closed
  std::uint64_t bad_records = 0;                   // positions no stream reaches: a damaged recording
};

class StreamAssembler {
 public:
  // The listener and the control outlive this. control may be null (replay).
  StreamAssembler(AssemblerLimits limits, StreamListener& listener, CopyControl* control = nullptr);
  ~StreamAssembler();
  StreamAssembler(StreamAssembler&&) = delete;

  void on_event(const event::Event& e);
  // No more events: what is held is delivered, every channel ends and closes.
  void finish(Timestamp ts);

  // The listener found that the channel is not MCP: its bytes need not be copied any more (CopyMode::kIgnore at all
  // its flows). Bytes that still come are delivered. May be called from a callback.
  void ignore(ChannelId id);

  // Bytes of a lane seen and waiting here (for a reader, a socket or stragglers).
  [[nodiscard]] std::uint64_t held(ChannelId id, Lane lane) const;
  [[nodiscard]] std::size_t flows() const;
  [[nodiscard]] AssemblerStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::stream
