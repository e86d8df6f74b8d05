// SPDX-License-Identifier: Apache-2.0
// JSON text of strings and numbers, spelled the one way RFC 8785 (canonical JSON) allows.
#pragma once
#include <string>
#include <string_view>

namespace mcpvigil::jsonrpc {

// With the quotes. Only what must be escaped is; the input is valid UTF-8.
void append_string(std::string_view s, std::string& out);

// As ECMAScript prints it: the shortest digits that read back, 1e21 and up with an exponent. Not for NaN or infinity.
void append_number(double d, std::string& out);

}  // namespace mcpvigil::jsonrpc
