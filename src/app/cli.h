// SPDX-License-Identifier: Apache-2.0
// The command line: argv -> a verb and its Options. The only place that knows CLI11.
#pragma once

namespace mcpvigil::app {

// Parses, runs the verb, returns the exit code.
int main_of(int argc, char** argv);

}  // namespace mcpvigil::app
