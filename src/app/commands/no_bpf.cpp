// SPDX-License-Identifier: Apache-2.0
// The live verbs of a build without kernel probes (MCPVIGIL_BPF=OFF).
#include "app/commands/commands.h"
#include "app/say.h"

namespace mcpvigil::app {

namespace {
int refuse() {
  say(stderr, "mcpvigil: this build has no kernel probes (MCPVIGIL_BPF=OFF): build the release preset to capture\n");
  return kExitEnvironment;
}
}  // namespace

int run(const Options&) { return refuse(); }
int record(const Options&) { return refuse(); }
int doctor(const Options&) { return refuse(); }

}  // namespace mcpvigil::app
