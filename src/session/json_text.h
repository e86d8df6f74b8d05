// SPDX-License-Identifier: Apache-2.0
// JSON by hand, appended to a string that is used again. Any bytes in, one line of valid JSON out.
#pragma once
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace mcpvigil::session {

// A quoted string. Bytes that are no UTF-8 become U+FFFD.
void append_string(std::string_view s, std::string& out);
// ... or null when empty: fields that are not known.
void append_string_or_null(std::string_view s, std::string& out);

template <std::integral T>
void append_number(T v, std::string& out) {
  char buf[24];
  auto end = std::to_chars(buf, buf + sizeof buf, v).ptr;
  out.append(buf, end);
}

// RFC 3339, UTC: 9 digits of a second, or as many as it takes.
void append_time(base::Timestamp t, std::string& out);
void append_short_time(base::Timestamp t, std::string& out);
// Nanoseconds as milliseconds: 1.5, 0.000123.
void append_milliseconds(std::uint64_t ns, std::string& out);

// JSON text that was parsed once (white space and all) as part of a line: line breaks between tokens go.
void append_json_text(std::string_view text, std::string& out);

}  // namespace mcpvigil::session
