// SPDX-License-Identifier: Apache-2.0
// One function a verb; each gives the exit code.
#pragma once
#include "app/options.h"

namespace mcpvigil::app {

int run(const Options& o);
int record(const Options& o);
int replay(const Options& o);
int inspect(const Options& o);
int inventory(const Options& o);
int doctor(const Options& o);
int version(const Options& o);

}  // namespace mcpvigil::app
