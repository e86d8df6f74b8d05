// SPDX-License-Identifier: Apache-2.0
// RecordingSource: a tee. Gives what another source gives, and writes it to a recording.
//
// A recording that fails never stops the watching: the error is kept in failure(), later events are only passed on.
// Call finish() at the end; without it the recording stays marked incomplete.
#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "source/capture_writer.h"
#include "source/event_source.h"

namespace mcpvigil::source {

class RecordingSource final : public EventSource {
 public:
  RecordingSource(std::unique_ptr<EventSource> from, CaptureWriter to)
      : from_(std::move(from)), writer_(std::move(to)) {}

  [[nodiscard]] base::Result<Batch> next() override;
  // Once, after the last next().
  [[nodiscard]] base::Status finish();

  [[nodiscard]] const std::optional<base::Error>& failure() const { return failure_; }
  [[nodiscard]] const CaptureWriter& writer() const { return writer_; }
  [[nodiscard]] EventSource& inner() { return *from_; }

 private:
  void record(base::Status s);

  std::unique_ptr<EventSource> from_;
  CaptureWriter writer_;
  std::optional<base::Error> failure_;
};

}  // namespace mcpvigil::source
