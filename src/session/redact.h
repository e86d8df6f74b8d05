// SPDX-License-Identifier: Apache-2.0
// Redaction: a message's structure without what people and programs said in it.
//
// String values become "<redacted:N bytes>" everywhere but where the protocol itself speaks: ids, methods, tool and
// resource names, protocol versions, capabilities, tool definitions. What is not known is redacted.
#pragma once
#include <string>
#include <string_view>

namespace mcpvigil::session {

// `json`: text that was parsed once. Appends on one line.
void append_redacted(std::string_view json, std::string& out);

}  // namespace mcpvigil::session
