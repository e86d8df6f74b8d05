// SPDX-License-Identifier: Apache-2.0
#include "source/capture_info.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <time.h>

#include <algorithm>

#include "mcpvigil/version.h"
#include "source/crc32c.h"
#include "source/little_endian.h"

namespace mcpvigil::source {

using base::Bytes;
using base::Error;
using base::ErrorCode;
namespace format = capture_format;

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kThisMachine = 62;
#elif defined(__aarch64__)
constexpr std::uint16_t kThisMachine = 183;
#else
constexpr std::uint16_t kThisMachine = 0;
#endif

std::uint64_t clock_ns(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

void put_text(std::string& out, std::size_t at, std::size_t room, std::string_view text) {
  std::copy_n(text.begin(), std::min(room, text.size()), out.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string text_at(Bytes b, std::size_t at, std::size_t room) {
  const Bytes field = b.substr(at, room);
  return std::string(field.substr(0, field.find('\0')));
}

std::string first_bytes(Bytes b) {
  std::string out;
  for (const char c : b.substr(0, 8))
    out += fmt::format("{}{:02x}", out.empty() ? "" : " ", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

CaptureInfo describe_host() {
  CaptureInfo info;
  info.machine = kThisMachine;
  utsname u{};
  if (uname(&u) == 0) {
    info.kernel_release = u.release;
    info.host_name = u.nodename;
  }
  info.tool_version = MCPVIGIL_VERSION;
  info.created = {clock_ns(CLOCK_REALTIME)};
  info.boot_offset_ns = info.created.ns - clock_ns(CLOCK_BOOTTIME);
  return info;
}

std::string encode_header(const CaptureInfo& info) {
  std::string h(format::kHeaderSize, '\0');
  std::copy(std::begin(format::kMagic), std::end(format::kMagic), reinterpret_cast<unsigned char*>(h.data()));
  put_at(h.data() + format::kMajorAt, info.major);
  put_at(h.data() + format::kMinorAt, info.minor);
  put_at(h.data() + format::kHeaderSizeAt, static_cast<std::uint32_t>(format::kHeaderSize));
  put_at(h.data() + format::kStateAt, (info.incomplete ? format::kIncomplete : 0) | (info.cut ? format::kCut : 0));
  put_at(h.data() + format::kEndOffsetAt, info.end_offset);
  put_at(h.data() + format::kWireVersionAt, info.wire_version);
  put_at(h.data() + format::kMachineAt, info.machine);
  put_at(h.data() + format::kCreatedAt, info.created.ns);
  put_at(h.data() + format::kBootOffsetAt, info.boot_offset_ns);
  put_text(h, format::kKernelReleaseAt, format::kNameLength, info.kernel_release);
  put_text(h, format::kHostNameAt, format::kNameLength, info.host_name);
  put_text(h, format::kToolVersionAt, format::kToolVersionLength, info.tool_version);
  put_at(h.data() + format::kHeaderCrcAt, crc32c(0, Bytes(h).substr(format::kIdentityAt)));
  return h;
}

base::Result<CaptureInfo> decode_header(Bytes b) {
  const Bytes magic(reinterpret_cast<const char*>(format::kMagic), sizeof format::kMagic);
  if (!b.starts_with(magic.substr(0, std::min(b.size(), magic.size()))) || b.empty()) {
    return Error{ErrorCode::kFormat, 0,
                 b.empty() ? "not a recording: the file is empty"
                           : fmt::format("not a recording: it begins with {}, a recording with {}", first_bytes(b),
                                         first_bytes(magic))};
  }
  if (b.size() < format::kHeaderSizeAt + 4) {
    return Error{ErrorCode::kFormat, 0,
                 fmt::format("damaged recording: the file ends at offset {}, inside its header", b.size())};
  }
  CaptureInfo info;
  info.major = get_at<std::uint16_t>(b.data() + format::kMajorAt);
  info.minor = get_at<std::uint16_t>(b.data() + format::kMinorAt);
  if (info.major != format::kMajor) {
    return Error{
        ErrorCode::kFormat, 0,
        fmt::format("the recording has format {}.{}; this build reads {}.x", info.major, info.minor, format::kMajor)};
  }
  info.header_size = get_at<std::uint32_t>(b.data() + format::kHeaderSizeAt);
  if (info.header_size < format::kHeaderSize || info.header_size > format::kMaxHeaderSize) {
    return Error{ErrorCode::kFormat, 0,
                 fmt::format("damaged recording: its header claims {} bytes at offset {}", info.header_size,
                             format::kHeaderSizeAt)};
  }
  if (b.size() < info.header_size) {
    return Error{ErrorCode::kFormat, 0,
                 fmt::format("damaged recording: the file ends at offset {}, inside its header", b.size())};
  }
  if (get_at<std::uint32_t>(b.data() + format::kHeaderCrcAt) !=
      crc32c(0, b.substr(format::kIdentityAt, info.header_size - format::kIdentityAt))) {
    return Error{ErrorCode::kFormat, 0,
                 "damaged recording: the checksum of its header (offsets 32 and on) does not match"};
  }
  const auto state = get_at<std::uint32_t>(b.data() + format::kStateAt);
  info.incomplete = (state & format::kIncomplete) != 0;
  info.cut = (state & format::kCut) != 0;
  info.end_offset = get_at<std::uint64_t>(b.data() + format::kEndOffsetAt);
  info.wire_version = get_at<std::uint32_t>(b.data() + format::kWireVersionAt);
  info.machine = get_at<std::uint16_t>(b.data() + format::kMachineAt);
  info.created = {get_at<std::uint64_t>(b.data() + format::kCreatedAt)};
  info.boot_offset_ns = get_at<std::uint64_t>(b.data() + format::kBootOffsetAt);
  info.kernel_release = text_at(b, format::kKernelReleaseAt, format::kNameLength);
  info.host_name = text_at(b, format::kHostNameAt, format::kNameLength);
  info.tool_version = text_at(b, format::kToolVersionAt, format::kToolVersionLength);
  return info;
}

}  // namespace mcpvigil::source
