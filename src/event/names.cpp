// SPDX-License-Identifier: Apache-2.0
#include "event/names.h"

namespace mcpvigil::event {
namespace {

constexpr FlowKind kFlowKinds[] = {FlowKind::kPipe,          FlowKind::kFifo, FlowKind::kPty, FlowKind::kUnixStream,
                                   FlowKind::kUnixSeqpacket, FlowKind::kTcp,  FlowKind::kTls};
constexpr BlindSpot kBlindSpots[] = {BlindSpot::kIoUring, BlindSpot::kUnknownTls, BlindSpot::kCompat32,
                                     BlindSpot::kBlindReader, BlindSpot::kBlindWriter};
constexpr std::string_view kEventNames[] = {
    "flow_open",    "flow_data",    "flow_actor",   "flow_skipped",  "flow_holder",  "flow_eof", "flow_close",
    "process_exec", "process_fork", "process_exit", "process_facts", "process_note", "lost",     "tick"};
static_assert(std::size(kEventNames) == std::variant_size_v<Event>);

}  // namespace

std::string_view name(FlowKind k) {
  switch (k) {
    case FlowKind::kPipe: return "pipe";
    case FlowKind::kFifo: return "fifo";
    case FlowKind::kPty: return "pty";
    case FlowKind::kUnixStream: return "unix";
    case FlowKind::kUnixSeqpacket: return "unix_seqpacket";
    case FlowKind::kTcp: return "tcp";
    case FlowKind::kTls: return "tls";
  }
  return "?";
}

std::string_view name(Way w) {
  switch (w) {
    case Way::kRead: return "read";
    case Way::kWrite: return "write";
  }
  return "?";
}

std::string_view name(BlindSpot b) {
  switch (b) {
    case BlindSpot::kIoUring: return "io_uring";
    case BlindSpot::kUnknownTls: return "unknown_tls";
    case BlindSpot::kCompat32: return "compat32";
    case BlindSpot::kBlindReader: return "blind_reader";
    case BlindSpot::kBlindWriter: return "blind_writer";
  }
  return "?";
}

std::string_view kind_name(const Event& e) { return kEventNames[e.index()]; }

std::optional<FlowKind> flow_kind_named(std::string_view s) {
  for (FlowKind k : kFlowKinds) {
    if (name(k) == s) return k;
  }
  return std::nullopt;
}

std::optional<BlindSpot> blind_spot_named(std::string_view s) {
  for (BlindSpot b : kBlindSpots) {
    if (name(b) == s) return b;
  }
  return std::nullopt;
}

std::optional<base::LossReason> loss_reason_named(std::string_view s) {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(base::LossReason::kCount); ++i) {
    const auto r = static_cast<base::LossReason>(i);
    if (base::name(r) == s) return r;
  }
  return std::nullopt;
}

}  // namespace mcpvigil::event
