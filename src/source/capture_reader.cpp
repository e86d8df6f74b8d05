// SPDX-License-Identifier: Apache-2.0
#include "source/capture_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "source/capture_codec.h"
#include "source/crc32c.h"
#include "source/little_endian.h"

namespace mcpvigil::source {

using base::Bytes;
using base::Error;
using base::ErrorCode;
namespace format = capture_format;

CaptureReader::CaptureReader(std::string name, base::UniqueFd fd, Bytes memory)
    : name_(std::move(name)), fd_(std::move(fd)), memory_(memory), batch_(kBatchEvents) {}

base::Result<std::unique_ptr<CaptureReader>> CaptureReader::open(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return base::errno_error("open " + path, errno);
  std::unique_ptr<CaptureReader> r(new CaptureReader(path, std::move(fd), {}));
  TRY(r->start());
  return r;
}

base::Result<std::unique_ptr<CaptureReader>> CaptureReader::over(Bytes bytes) {
  std::unique_ptr<CaptureReader> r(new CaptureReader("(memory)", {}, bytes));
  TRY(r->start());
  return r;
}

base::Status CaptureReader::start() {
  TRY(refill(format::kMaxHeaderSize));
  auto header = decode_header(Bytes(buffer_.get(), end_));
  if (!header) return header.error().within(name_);
  info_ = std::move(*header);
  begin_ = info_.header_size;
  offset_ = info_.header_size;
  return {};
}

base::Result<std::size_t> CaptureReader::read_some(char* to, std::size_t n) {
  if (!fd_) {
    n = std::min(n, memory_.size());
    std::memcpy(to, memory_.data(), n);
    memory_.remove_prefix(n);
    return n;
  }
  for (;;) {
    const ssize_t got = ::read(fd_.get(), to, n);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return base::errno_error("read " + name_, errno);
  }
}

// Moves what is left to the front and reads until at_least bytes are there or the file ends. The buffer grows with
// what really comes, never with what a length claims.
base::Status CaptureReader::refill(std::size_t at_least) {
  if (begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ < at_least && !at_eof_) {
    if (end_ == capacity_) {
      const std::size_t bigger = capacity_ == 0 ? kBatchBytes : capacity_ * 2;
      std::unique_ptr<char[]> grown(new char[bigger + base::kPadding]);
      if (end_ != 0) std::memcpy(grown.get(), buffer_.get(), end_);
      std::memset(grown.get() + bigger, 0, base::kPadding);
      buffer_ = std::move(grown);
      capacity_ = bigger;
    }
    TRY_ASSIGN(const std::size_t n, read_some(buffer_.get() + end_, capacity_ - end_));
    if (n == 0) at_eof_ = true;
    end_ += n;
  }
  return {};
}

base::Result<Batch> CaptureReader::next() {
  used_ = 0;
  std::size_t need = format::kRecordHeaderSize;
  while (!ended_ && used_ < kBatchEvents) {
    switch (step(need)) {
      case Step::kEvent:
      case Step::kSkipped: continue;
      case Step::kStop: ended_ = true; continue;
      case Step::kNeedMore: break;
    }
    // Views in this batch point into the buffer: give them before it moves.
    if (used_ != 0) break;
    TRY(refill(need));
  }
  if (used_ == 0) return Batch{SourceState::kEnd, {}};
  return Batch{SourceState::kBatch, std::span<const event::Event>(batch_).first(used_)};
}

CaptureReader::Step CaptureReader::step(std::size_t& need) {
  const std::size_t there = end_ - begin_;
  if (!info_.incomplete && offset_ >= info_.end_offset) {
    if (offset_ > info_.end_offset)
      note_damage(fmt::format("the last record passes the end of the recording at offset {}", info_.end_offset));
    if (offset_ == info_.end_offset && (there != 0 || !at_eof_)) {
      need = 1;
      if (there == 0) return Step::kNeedMore;
      note_damage(fmt::format("the file goes on after the end of the recording at offset {}", info_.end_offset));
    }
    return Step::kStop;
  }
  if (there < format::kRecordHeaderSize) {
    need = format::kRecordHeaderSize;
    if (!at_eof_) return Step::kNeedMore;
    if (there != 0 || !info_.incomplete)
      note_damage(fmt::format("the file ends at offset {}, inside a record or before its last one", offset_ + there));
    return Step::kStop;
  }
  const char* header = buffer_.get() + begin_;
  const auto tag = get_at<std::uint16_t>(header);
  const auto length = get_at<std::uint32_t>(header + 4);
  if (length > format::kMaxBody) {
    note_damage(fmt::format("the record at offset {} claims {} bytes, more than any may have", offset_, length));
    ++damaged_;
    return Step::kStop;
  }
  const std::size_t whole = format::kRecordHeaderSize + length;
  if (there < whole) {
    need = whole;
    if (!at_eof_) return Step::kNeedMore;
    note_damage(fmt::format("the file ends at offset {}, inside the record at offset {}", offset_ + there, offset_));
    return Step::kStop;
  }
  const Bytes body(header + format::kRecordHeaderSize, length);
  std::uint32_t crc = crc32c(0, Bytes(header, 8));
  crc = crc32c(crc, body);
  Decoded result = Decoded::kMalformed;
  const bool intact = crc == get_at<std::uint32_t>(header + 8);
  if (intact) result = decode(tag, body, batch_[used_]);
  if (result == Decoded::kMalformed) {
    note_damage(fmt::format("the record at offset {} (tag {}) {}", offset_, tag,
                            intact ? "is not what its tag promises" : "does not match its checksum"));
    ++damaged_;
    if (std::exchange(last_was_damaged_, !intact) && !intact) return Step::kStop;
    batch_[used_] =
        event::Lost{.ts = last_ts_, .reason = base::LossReason::kRecordingCut, .records = 1, .bytes = length};
    result = Decoded::kEvent;
  } else {
    last_was_damaged_ = false;
  }
  begin_ += whole;
  offset_ += whole;
  if (result == Decoded::kUnknownTag) {
    ++unknown_;
    return Step::kSkipped;
  }
  last_ts_ = event::time_of(batch_[used_]);
  ++used_;
  ++records_;
  return Step::kEvent;
}

void CaptureReader::note_damage(std::string what) {
  if (!damage_) damage_ = Error{ErrorCode::kFormat, 0, fmt::format("{}: damaged recording: {}", name_, what)};
}

}  // namespace mcpvigil::source
