// SPDX-License-Identifier: Apache-2.0
// The live loop of `run` and `record`: kernel source -> (recording) -> pipeline -> output, until told to stop.
#pragma once
#include "app/options.h"

namespace mcpvigil::app {

// show: print records (run) or only progress (record).
int run_live(const Options& o, bool show);

}  // namespace mcpvigil::app
