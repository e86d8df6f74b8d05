// SPDX-License-Identifier: Apache-2.0
// CaptureWriter: events -> a recording file. Incomplete until finish(), readable up to the last flush whatever happens.
//
// One thread. Buffers at most kBuffer bytes; the file is created for its owner alone, since it holds what was said.
// An error is final: later events are counted as not written.
//
//   TRY_ASSIGN(auto w, CaptureWriter::create("talk.cap", {}));
//   TRY(w.write(e));
//   TRY(w.finish());
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "event/event.h"
#include "source/capture_info.h"

namespace mcpvigil::source {

enum class CaptureStop : std::uint8_t {
  kNone,
  kMaxSize,  // max_bytes reached: the file ends with a whole record and says that it was cut
  kError,    // the operating system refused
};

struct CaptureOptions {
  CaptureInfo info = describe_host();
  std::uint64_t max_bytes = 0;  // of the file; 0: no limit
};

class CaptureWriter {
 public:
  static constexpr std::size_t kBuffer = 256 << 10;

  // Creates or empties the file.
  [[nodiscard]] static base::Result<CaptureWriter> create(const std::string& path, CaptureOptions options);
  CaptureWriter(CaptureWriter&&) noexcept = default;
  CaptureWriter& operator=(CaptureWriter&&) noexcept = default;
  // Writes out what is buffered; the file stays marked incomplete.
  ~CaptureWriter();

  // Once stopped by max_bytes: no error, the event is counted as dropped.
  [[nodiscard]] base::Status write(const event::Event& e);
  // Buffered records reach the file.
  [[nodiscard]] base::Status flush();
  // Everything reaches the disk, then the header says complete. No writes after it.
  [[nodiscard]] base::Status finish();

  [[nodiscard]] CaptureStop stopped() const { return stop_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::uint64_t bytes() const { return offset_ + buffer_.size(); }

 private:
  CaptureWriter(base::UniqueFd fd, std::string path, CaptureOptions options)
      : fd_(std::move(fd)), path_(std::move(path)), options_(std::move(options)) {}
  [[nodiscard]] base::Status put_out(base::Bytes b);
  [[nodiscard]] base::Error fail(const char* what, int sys);

  base::UniqueFd fd_;
  std::string path_;
  CaptureOptions options_;
  std::string buffer_;
  std::uint64_t offset_ = 0;  // where buffer_ goes
  std::uint64_t records_ = 0, dropped_ = 0;
  CaptureStop stop_ = CaptureStop::kNone;
  base::Error error_;
  bool finished_ = false;
};

}  // namespace mcpvigil::source
