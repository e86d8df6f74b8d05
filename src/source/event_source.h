// SPDX-License-Identifier: Apache-2.0
// EventSource: where facts come from (seam 1). Live kernel, capture file and written scenario are alike.
//
// One thread. next() gives the events in the order they happened; views in them live until the next call.
#pragma once
#include <span>

#include "base/result.h"
#include "event/event.h"

namespace mcpvigil::source {

enum class SourceState {
  kBatch,  // `events` holds at least one
  kIdle,   // nothing now; call again (a live source waits up to its own time-out first)
  kEnd,    // no more, ever
};

struct Batch {
  SourceState state = SourceState::kIdle;
  std::span<const event::Event> events;
};

class EventSource {
 public:
  virtual ~EventSource() = default;
  [[nodiscard]] virtual base::Result<Batch> next() = 0;
};

}  // namespace mcpvigil::source
