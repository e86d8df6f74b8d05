// SPDX-License-Identifier: Apache-2.0
// SIGINT, SIGTERM and SIGHUP ask the command to end in good order; a second one ends it at once.
#pragma once

namespace mcpvigil::app {

void catch_stop_signals();
[[nodiscard]] bool stop_requested();

}  // namespace mcpvigil::app
