// SPDX-License-Identifier: Apache-2.0
#include "app/summary.h"

#include <fmt/format.h>

namespace mcpvigil::app {

std::string human_bytes(std::uint64_t n) {
  if (n < 10240) return fmt::format("{} B", n);
  if (n < 10240ULL * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(n) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(n) / 1024 / 1024);
}

std::string one_line(const pipeline::PipelineStats& s) {
  return fmt::format("{} messages, {} calls, {} sessions, {} streams; {} seen, {} lost", s.session.messages,
                     s.session.calls, s.session.sessions_opened, s.channels, human_bytes(s.ledger.seen),
                     human_bytes(s.ledger.lost_total()));
}

std::string ledger_text(const pipeline::PipelineStats& s) {
  const base::Ledger& l = s.ledger;
  std::string out = fmt::format("bytes seen {} = parsed {} + skipped {} + lost {}", l.seen, l.parsed, l.skipped_total(),
                                l.lost_total());
  out += l.pending() == 0 ? " (reconciles)\n" : fmt::format(" + pending {}\n", static_cast<std::int64_t>(l.pending()));
  for (std::size_t i = 0; i < l.skipped.size(); ++i) {
    if (l.skipped[i] != 0)
      out += fmt::format("  skipped {:<16} {}\n", base::name(static_cast<base::SkipReason>(i)), l.skipped[i]);
  }
  for (std::size_t i = 0; i < l.lost.size(); ++i) {
    if (l.lost[i] != 0)
      out += fmt::format("  lost    {:<16} {}\n", base::name(static_cast<base::LossReason>(i)), l.lost[i]);
  }
  return out;
}

}  // namespace mcpvigil::app
