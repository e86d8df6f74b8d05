// SPDX-License-Identifier: Apache-2.0
// Counters in words: the status line, the end of a run, doctor.
#pragma once
#include <cstdint>
#include <string>

#include "pipeline/pipeline.h"

namespace mcpvigil::app {

[[nodiscard]] std::string human_bytes(std::uint64_t n);
// "812 messages, 400 calls, 12 sessions; 1.2 MiB seen, 0 lost"
[[nodiscard]] std::string one_line(const pipeline::PipelineStats& s);
// Several lines: the ledger with every reason that is not zero, and whether it reconciles.
[[nodiscard]] std::string ledger_text(const pipeline::PipelineStats& s);

}  // namespace mcpvigil::app
