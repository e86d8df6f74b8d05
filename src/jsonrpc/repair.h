// SPDX-License-Identifier: Apache-2.0
// JSON that every SDK takes and simdjson refuses: integers beyond 64 bits, numbers beyond a double's range, half
// surrogate pairs. One such value in a call's arguments must not hide the call.
#pragma once
#include <string>

#include "base/bytes.h"

namespace mcpvigil::jsonrpc {

// Writes `text` to `out` with those values replaced by the nearest simdjson takes; everything else byte for byte.
// False: there was nothing to replace. Numbers that are no JSON are left as they are.
bool repair(base::Bytes text, std::string& out);

}  // namespace mcpvigil::jsonrpc
