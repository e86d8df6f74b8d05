// SPDX-License-Identifier: Apache-2.0
// The few questions asked of HTTP header text: equality without case, media types.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace mcpvigil::frame {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

constexpr std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

// "application/json; charset=utf-8" -> "application/json"
constexpr std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

constexpr bool is_json_type(std::string_view content_type) {
  const std::string_view type = media_type(content_type);
  return equal_ignoring_case(type, "application/json") ||
         (type.size() > 5 && equal_ignoring_case(type.substr(type.size() - 5), "+json"));
}

constexpr bool is_event_stream_type(std::string_view content_type) {
  return equal_ignoring_case(media_type(content_type), "text/event-stream");
}

}  // namespace mcpvigil::frame
