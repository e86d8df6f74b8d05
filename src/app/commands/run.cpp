// SPDX-License-Identifier: Apache-2.0
#include "app/commands/commands.h"
#include "app/live.h"

namespace mcpvigil::app {

int run(const Options& o) { return run_live(o, true); }

int record(const Options& o) {
  Options with = o;
  with.record = o.file;
  if (with.state.empty()) with.state = ":memory:";
  return run_live(with, false);
}

}  // namespace mcpvigil::app
