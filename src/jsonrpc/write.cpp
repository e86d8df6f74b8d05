// SPDX-License-Identifier: Apache-2.0
#include "jsonrpc/write.h"

#include <array>
#include <charconv>
#include <cstdlib>

namespace mcpvigil::jsonrpc {
namespace {

// The short escape of a control character, or 0.
constexpr char short_escape(unsigned char c) {
  switch (c) {
    case '\b': return 'b';
    case '\t': return 't';
    case '\n': return 'n';
    case '\f': return 'f';
    case '\r': return 'r';
    case '"': return '"';
    case '\\': return '\\';
    default: return 0;
  }
}

}  // namespace

void append_string(std::string_view s, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t done = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto c = static_cast<unsigned char>(s[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(s, done, i - done);
    done = i + 1;
    out.push_back('\\');
    if (const char e = short_escape(c); e != 0) {
      out.push_back(e);
    } else {
      out.append("u00").push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    }
  }
  out.append(s, done).push_back('"');
}

void append_number(double d, std::string& out) {
  if (d == 0) {  // also -0
    out.push_back('0');
    return;
  }
  // to_chars gives the shortest digits as d.ddde[+-]xx; only where the point goes differs from ECMAScript.
  std::array<char, 32> buf;
  const auto end = std::to_chars(buf.data(), buf.data() + buf.size(), d, std::chars_format::scientific).ptr;
  std::string_view sci(buf.data(), static_cast<std::size_t>(end - buf.data()));
  if (sci.front() == '-') {
    out.push_back('-');
    sci.remove_prefix(1);
  }
  const auto e = sci.find('e');
  int exponent = 0;
  const char* first = sci.data() + e + 1;
  if (*first == '+') ++first;
  std::from_chars(first, sci.data() + sci.size(), exponent);
  std::string digits(1, sci.front());
  if (e > 2) digits.append(sci.substr(2, e - 2));
  const int n = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point
  if (point > 21 || point <= -6) {
    out.push_back(digits.front());
    if (n > 1) out.append(1, '.').append(digits, 1);
    out.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (point >= n) {
    out.append(digits).append(static_cast<std::size_t>(point - n), '0');
  } else {
    const auto split = static_cast<std::size_t>(point);
    out.append(digits, 0, split).append(1, '.').append(digits, split);
  }
}

}  // namespace mcpvigil::jsonrpc
