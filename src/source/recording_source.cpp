// SPDX-License-Identifier: Apache-2.0
#include "source/recording_source.h"

namespace mcpvigil::source {

void RecordingSource::record(base::Status s) {
  if (!s && !failure_) failure_ = std::move(s).error();
}

base::Result<Batch> RecordingSource::next() {
  auto batch = from_->next();
  if (!batch) return batch;
  for (const event::Event& e : batch->events) record(writer_.write(e));
  // Nothing to do: the time to bring the file up to date, so that a crash costs little.
  if (batch->state == SourceState::kIdle) record(writer_.flush());
  return batch;
}

base::Status RecordingSource::finish() {
  record(writer_.finish());
  if (failure_) return *failure_;
  return {};
}

}  // namespace mcpvigil::source
