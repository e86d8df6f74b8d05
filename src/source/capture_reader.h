// SPDX-License-Identifier: Apache-2.0
// CaptureReader: a recording file -> the events in it, exactly as they were given to the writer.
//
// Input is hostile: lengths are bounded, every record is checked, nothing loops. A damaged record is left out, named
// by its offset (the first one in damage()), and stands in the events as Lost{kRecordingCut}; two in a row, or a
// length that cannot be, end the reading. A truncated or unfinished file gives what is there; complete() then says no.
// Payloads point into the read buffer: no copy, no allocation per event once the buffers have grown.
//
//   TRY_ASSIGN(auto r, CaptureReader::open("talk.cap"));
//   for (;;) { TRY_ASSIGN(const Batch b, r->next()); if (b.state == SourceState::kEnd) break; ... }
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "source/capture_info.h"
#include "source/event_source.h"

namespace mcpvigil::source {

class CaptureReader final : public EventSource {
 public:
  static constexpr std::size_t kBatchEvents = 256;
  static constexpr std::size_t kBatchBytes = 1 << 20;

  // kFormat: not a recording, or one of another version.
  [[nodiscard]] static base::Result<std::unique_ptr<CaptureReader>> open(const std::string& path);
  // The same over bytes in memory, for tests. `bytes` outlives the reader.
  [[nodiscard]] static base::Result<std::unique_ptr<CaptureReader>> over(base::Bytes bytes);

  [[nodiscard]] base::Result<Batch> next() override;

  [[nodiscard]] const CaptureInfo& info() const { return info_; }
  // The recording was finished, and all of it was read undamaged. Only means something after kEnd.
  [[nodiscard]] bool complete() const { return ended_ && !info_.incomplete && !damage_; }
  // The first damage met: what and at which offset.
  [[nodiscard]] const std::optional<base::Error>& damage() const { return damage_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::uint64_t unknown_records() const { return unknown_; }
  [[nodiscard]] std::uint64_t damaged_records() const { return damaged_; }

 private:
  CaptureReader(std::string name, base::UniqueFd fd, base::Bytes memory);
  [[nodiscard]] base::Status start();
  [[nodiscard]] base::Result<std::size_t> read_some(char* to, std::size_t n);
  [[nodiscard]] base::Status refill(std::size_t at_least);
  enum class Step : std::uint8_t { kEvent, kSkipped, kNeedMore, kStop };
  [[nodiscard]] Step step(std::size_t& need);
  void note_damage(std::string what);

  std::string name_;
  base::UniqueFd fd_;
  base::Bytes memory_;  // when there is no file
  CaptureInfo info_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::uint64_t offset_ = 0;  // in the file, of buffer_[begin_]
  bool at_eof_ = false;
  bool ended_ = false;
  bool last_was_damaged_ = false;
  std::uint64_t records_ = 0, unknown_ = 0, damaged_ = 0;
  base::Timestamp last_ts_;
  std::optional<base::Error> damage_;
  std::vector<event::Event> batch_;
  std::size_t used_ = 0;  // of batch_
};

}  // namespace mcpvigil::source
