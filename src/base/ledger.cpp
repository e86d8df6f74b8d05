// SPDX-License-Identifier: Apache-2.0
#include "base/ledger.h"

#include <numeric>

namespace mcpvigil::base {

std::string_view name(SkipReason r) {
  switch (r) {
    case SkipReason::kNotMcp: return "not_mcp";
    case SkipReason::kOtherEnd: return "other_end";
    case SkipReason::kProtocolFraming: return "framing";
    case SkipReason::kBlank: return "blank";
    case SkipReason::kNotJson: return "not_json";
    case SkipReason::kMalformedJson: return "malformed_json";
    case SkipReason::kTooDeep: return "too_deep";
    case SkipReason::kTooLarge: return "too_large";
    case SkipReason::kMemoryCap: return "memory_cap";
    case SkipReason::kBadUtf8: return "bad_utf8";
    case SkipReason::kNotJsonRpc: return "not_jsonrpc";
    case SkipReason::kMalformedHttp: return "malformed_http";
    case SkipReason::kHttpOther: return "http_other";
    case SkipReason::kBadEncoding: return "bad_encoding";
    case SkipReason::kBomb: return "bomb";
    case SkipReason::kHttp2: return "http2";
    case SkipReason::kTlsCiphertext: return "tls_ciphertext";
    case SkipReason::kUndecided: return "undecided";
    case SkipReason::kUnfinished: return "unfinished";
    case SkipReason::kKernelIgnored: return "kernel_ignored";
    case SkipReason::kCount: break;
  }
  return "?";
}

std::string_view name(LossReason r) {
  switch (r) {
    case LossReason::kRingFull: return "ring_full";
    case LossReason::kUserCopy: return "user_copy";
    case LossReason::kCallTooLarge: return "call_too_large";
    case LossReason::kQueueFull: return "queue_full";
    case LossReason::kStreamGap: return "stream_gap";
    case LossReason::kBlindReader: return "blind_reader";
    case LossReason::kEvicted: return "evicted";
    case LossReason::kRecordingCut: return "recording_cut";
    case LossReason::kBlindWriter: return "blind_writer";
    case LossReason::kCount: break;
  }
  return "?";
}

std::uint64_t Ledger::skipped_total() const {
  return std::accumulate(skipped.begin(), skipped.end(), std::uint64_t{0});
}
std::uint64_t Ledger::lost_total() const { return std::accumulate(lost.begin(), lost.end(), std::uint64_t{0}); }

Ledger& Ledger::operator+=(const Ledger& other) {
  seen += other.seen;
  parsed += other.parsed;
  for (std::size_t i = 0; i < skipped.size(); ++i) skipped[i] += other.skipped[i];
  for (std::size_t i = 0; i < lost.size(); ++i) lost[i] += other.lost[i];
  return *this;
}

}  // namespace mcpvigil::base
