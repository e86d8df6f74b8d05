// SPDX-License-Identifier: Apache-2.0
#include "source/capture_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "source/capture_codec.h"
#include "source/crc32c.h"
#include "source/little_endian.h"

namespace mcpvigil::source {

using base::Bytes;
using base::Error;
using base::ErrorCode;
namespace format = capture_format;

base::Result<CaptureWriter> CaptureWriter::create(const std::string& path, CaptureOptions options) {
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600));
  if (!fd) return base::errno_error("create " + path, errno);
  options.info.incomplete = true;
  options.info.cut = false;
  options.info.end_offset = 0;
  CaptureWriter w(std::move(fd), path, std::move(options));
  w.buffer_.reserve(kBuffer);
  w.buffer_ = encode_header(w.options_.info);
  // At once: a recording that is killed before its first flush is still known as one.
  TRY(w.flush());
  return w;
}

CaptureWriter::~CaptureWriter() {
  if (fd_ && !finished_ && stop_ != CaptureStop::kError) (void)flush();
}

base::Status CaptureWriter::write(const event::Event& e) {
  if (stop_ == CaptureStop::kError) {
    ++dropped_;
    return error_;
  }
  if (stop_ == CaptureStop::kMaxSize || finished_) {
    ++dropped_;
    return {};
  }
  const std::size_t begin = buffer_.size();
  buffer_.append(format::kRecordHeaderSize, '\0');
  const Encoded encoded = encode(e, buffer_);
  const std::size_t length = buffer_.size() - begin - format::kRecordHeaderSize + encoded.payload.size();
  const std::size_t whole = format::kRecordHeaderSize + length;
  if (length > format::kMaxBody) {
    buffer_.resize(begin);
    ++dropped_;
    return Error{ErrorCode::kInvalid, 0,
                 fmt::format("{}: an event of {} bytes is beyond what a record may hold", path_, length)};
  }
  if (options_.max_bytes != 0 && offset_ + begin + whole > options_.max_bytes) {
    buffer_.resize(begin);
    stop_ = CaptureStop::kMaxSize;
    ++dropped_;
    return {};
  }
  char* header = buffer_.data() + begin;
  put_at(header, std::to_underlying(encoded.tag));
  put_at(header + 2, std::uint16_t{0});
  put_at(header + 4, static_cast<std::uint32_t>(length));
  std::uint32_t crc = crc32c(0, Bytes(header, 8));
  crc = crc32c(crc, Bytes(buffer_).substr(begin + format::kRecordHeaderSize));
  crc = crc32c(crc, encoded.payload);
  put_at(header + 8, crc);
  ++records_;
  if (buffer_.size() + encoded.payload.size() <= kBuffer) {
    buffer_.append(encoded.payload);
    return {};
  }
  TRY(flush());
  if (encoded.payload.size() >= kBuffer) return put_out(encoded.payload);
  buffer_.append(encoded.payload);
  return {};
}

base::Status CaptureWriter::flush() {
  if (stop_ == CaptureStop::kError) return error_;
  TRY(put_out(buffer_));
  buffer_.clear();
  return {};
}

base::Status CaptureWriter::put_out(Bytes b) {
  while (!b.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), b.data(), b.size(), static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("write", n < 0 ? errno : ENOSPC);
    offset_ += static_cast<std::uint64_t>(n);
    b.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

base::Status CaptureWriter::finish() {
  if (finished_) return {};
  TRY(flush());
  // Records first, the word that they are all there second: a crash between the two leaves "incomplete".
  if (::fdatasync(fd_.get()) != 0 && errno != EINVAL) return fail("sync", errno);
  options_.info.incomplete = false;
  options_.info.cut = stop_ == CaptureStop::kMaxSize;
  options_.info.end_offset = offset_;
  const std::string header = encode_header(options_.info);
  Bytes rest = header;
  while (!rest.empty()) {
    const ssize_t n = ::pwrite(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(header.size() - rest.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail("write the header of", n < 0 ? errno : ENOSPC);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd_.get()) != 0 && errno != EINVAL) return fail("sync", errno);
  finished_ = true;
  return {};
}

Error CaptureWriter::fail(const char* what, int sys) {
  stop_ = CaptureStop::kError;
  error_ = base::errno_error(fmt::format("{} {}", what, path_), sys);
  return error_;
}

}  // namespace mcpvigil::source
