// SPDX-License-Identifier: Apache-2.0
// Member names spelled so that a search of the bytes misses them: "\u006dethod", "tools\/list".
#pragma once
#include <simdjson.h>

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace mcpvigil::jsonrpc {

// Which messages of a parsed text spell a member name we read, or their method, with needless escapes: indexes in the
// batch, ascending, each once; {0} for a text that is one message. `parser` has just parsed exactly `text`.
// Needless is an escape no serializer makes: a letter, digit or one of "_-./$" as \u00XX, or \/. (PHP does write \/;
// it is told all the same, since filters are walked past with it.)
void find_needless_escapes(const simdjson::dom::parser& parser, base::Bytes text, std::vector<std::uint32_t>& out);

}  // namespace mcpvigil::jsonrpc
