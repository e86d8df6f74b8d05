// SPDX-License-Identifier: Apache-2.0
// Ledger: every byte seen is parsed, skipped for a named reason, or lost for a named reason; the rest is pending.
//
//   seen == parsed + sum(skipped) + sum(lost) + pending      at every moment; pending is 0 once a stream has ended
//
// One Ledger a stream, one for all. Reasons are closed enums; their names are those of the metrics.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mcpvigil::base {

// Bytes that were seen whole and are not (part of) a JSON-RPC message we report.
enum class SkipReason : std::uint8_t {
  kNotMcp,           // the stream was decided to be something else
  kOtherEnd,         // the same byte was taken at the other end of the stream
  kProtocolFraming,  // newlines, HTTP heads, chunk sizes, SSE fields: seen, understood, not a message
  kBlank,            // blank lines and white space between messages
  kNotJson,          // text between messages (banners, logs)
  kMalformedJson,    // starts like a message and does not parse
  kTooDeep,          // nested deeper than the parser's limit
  kTooLarge,         // a message beyond the per-message cap
  kMemoryCap,        // the per-stream or total memory cap was reached
  kBadUtf8,          //
  kNotJsonRpc,       // JSON, but not a JSON-RPC message
  kMalformedHttp,    //
  kHttpOther,        // an HTTP body that is not MCP (an image, a page)
  kBadEncoding,      // compressed body that does not decode
  kBomb,             // a body that inflates beyond the cap
  kHttp2,            // HTTP/2, not followed yet
  kTlsCiphertext,    // the encrypted form; the plaintext is captured at the TLS library or reported as not covered
  kUndecided,        // the stream ended before anything said what it was
  kUnfinished,       // the stream ended in the middle of a message
  kKernelIgnored,    // counted in the kernel after the stream was decided not to be MCP
  kCount
};

// Bytes that went by and were not seen.
enum class LossReason : std::uint8_t {
  kRingFull,      // no room in the ring buffer
  kUserCopy,      // the process's memory could not be read
  kCallTooLarge,  // more bytes in one call than one probe run may copy
  kQueueFull,     // the daemon's own queue was full
  kStreamGap,     // positions jumped without the kernel saying why
  kBlindReader,   // read without a hook before the writer's copy was switched on
  kEvicted,       // the kernel's table of streams was full
  kRecordingCut,  // the recording ends before the stream does
  kBlindWriter,   // put in by a call that shows no buffer (sendfile, splice) towards a peer we cannot see
  kCount
};

[[nodiscard]] std::string_view name(SkipReason r);
[[nodiscard]] std::string_view name(LossReason r);

struct Ledger {
  std::uint64_t seen = 0;
  std::uint64_t parsed = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(SkipReason::kCount)> skipped{};
  std::array<std::uint64_t, static_cast<std::size_t>(LossReason::kCount)> lost{};

  void skip(SkipReason r, std::uint64_t n) { skipped[static_cast<std::size_t>(r)] += n; }
  void lose(LossReason r, std::uint64_t n) { lost[static_cast<std::size_t>(r)] += n; }
  [[nodiscard]] std::uint64_t skipped_total() const;
  [[nodiscard]] std::uint64_t lost_total() const;
  // seen - parsed - skipped - lost. Negative (as a huge number) never happens: tests hold it.
  [[nodiscard]] std::uint64_t pending() const { return seen - parsed - skipped_total() - lost_total(); }
  Ledger& operator+=(const Ledger& other);
};

}  // namespace mcpvigil::base
