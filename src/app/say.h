// SPDX-License-Identifier: Apache-2.0
// say: formatted text to a stream. As fmt::print, but a reader that went away is an answer, not an exception.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <utility>

namespace mcpvigil::app {

// False: nobody reads any more.
template <typename... T>
bool say(std::FILE* to, fmt::format_string<T...> format, T&&... values) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), format, std::forward<T>(values)...);
  return std::fwrite(text.data(), 1, text.size(), to) == text.size();
}

}  // namespace mcpvigil::app
