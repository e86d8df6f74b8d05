// SPDX-License-Identifier: Apache-2.0
// CaptureInfo: what the header of a recording says about where it comes from. Bytes <-> values; no files.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "mcpvigil/capture_format.h"

namespace mcpvigil::source {

struct CaptureInfo {
  std::uint16_t major = capture_format::kMajor;
  std::uint16_t minor = capture_format::kMinor;
  std::uint32_t header_size = capture_format::kHeaderSize;
  std::uint32_t wire_version = 1;
  std::uint16_t machine = 0;  // ELF number: 62 x86-64, 183 aarch64
  base::Timestamp created{};
  std::uint64_t boot_offset_ns = 0;  // wall clock minus boot clock
  std::string kernel_release{}, host_name{}, tool_version{};
  bool incomplete = true;        // never finished: a crash, or still being written
  bool cut = false;              // ended at its size limit
  std::uint64_t end_offset = 0;  // one past the last record; 0 while incomplete
};

// This host and this build, now.
[[nodiscard]] CaptureInfo describe_host();

// kHeaderSize bytes.
[[nodiscard]] std::string encode_header(const CaptureInfo& info);
// `b` is the beginning of a file, kMaxHeaderSize bytes of it where it has so many. kFormat errors name what was found.
[[nodiscard]] base::Result<CaptureInfo> decode_header(base::Bytes b);

}  // namespace mcpvigil::source
