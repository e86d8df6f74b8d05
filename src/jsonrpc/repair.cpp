// SPDX-License-Identifier: Apache-2.0
#include "jsonrpc/repair.h"

#include <charconv>
#include <cstdint>
#include <limits>

#include "jsonrpc/write.h"

namespace mcpvigil::jsonrpc {
namespace {

using base::Bytes;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Is this -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)? ?
bool is_json_number(Bytes t) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < t.size() && is_digit(t[i])) ++i;
    return i - from;
  };
  if (i < t.size() && t[i] == '-') ++i;
  const bool zero = i < t.size() && t[i] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (i < t.size() && t[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
    ++i;
    if (i < t.size() && (t[i] == '+' || t[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == t.size();
}

// What to write instead of this number, into the empty `out`; false to keep it.
bool replace_number(Bytes t, std::string& out) {
  if (t.size() < 4 || !is_json_number(t)) return false;
  const char* end = t.data() + t.size();
  if (t.find_first_of(".eE") == Bytes::npos) {
    std::int64_t i = 0;
    std::uint64_t u = 0;
    if (std::from_chars(t.data(), end, i).ec == std::errc{} || std::from_chars(t.data(), end, u).ec == std::errc{}) {
      return false;
    }
  }
  double d = 0;
  const auto r = std::from_chars(t.data(), end, d);
  if (r.ec == std::errc::result_out_of_range) {
    // Too small is zero for everyone; too large is infinity for most, which JSON cannot say.
    const auto e = t.find_first_of("eE");
    const bool tiny = e != Bytes::npos && t.find('-', e) != Bytes::npos;
    d = tiny ? 0 : std::numeric_limits<double>::max();
    if (!tiny && t.front() == '-') d = -d;
  } else if (t.find_first_of(".eE") != Bytes::npos) {
    return false;  // within range: simdjson takes it
  }
  append_number(d, out);
  // An integer spelled without point or exponent would be refused again.
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return true;
}

// The code unit of \uXXXX at `i`, or -1.
int escape_at(Bytes t, std::size_t i) {
  if (i + 6 > t.size() || t[i] != '\\' || t[i + 1] != 'u') return -1;
  int code = 0;
  const auto r = std::from_chars(t.data() + i + 2, t.data() + i + 6, code, 16);
  return r.ec == std::errc{} && r.ptr == t.data() + i + 6 ? code : -1;
}

bool is_high(int c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low(int c) { return c >= 0xDC00 && c <= 0xDFFF; }

}  // namespace

bool repair(Bytes t, std::string& out) {
  out.clear();
  bool changed = false;
  std::size_t done = 0;  // copied up to here
  const auto substitute = [&](std::size_t from, std::size_t to, Bytes with) {
    out.append(t, done, from - done).append(with);
    done = to;
    changed = true;
  };
  std::string number;
  bool in_string = false;
  std::size_t i = 0;
  while (i < t.size()) {
    const char c = t[i];
    if (in_string) {
      if (c == '\\') {
        const int code = escape_at(t, i);
        if (is_high(code) && is_low(escape_at(t, i + 6))) {
          i += 12;
        } else if (is_high(code) || is_low(code)) {
          substitute(i, i + 6, "\\ufffd");
          i += 6;
        } else {
          i += 2;
        }
        continue;
      }
      in_string = c != '"';
      ++i;
    } else if (c == '"') {
      in_string = true;
      ++i;
    } else if (c == '-' || is_digit(c)) {
      std::size_t end = i + 1;
      while (end < t.size() &&
             (is_digit(t[end]) || t[end] == '.' || t[end] == 'e' || t[end] == 'E' || t[end] == '+' || t[end] == '-')) {
        ++end;
      }
      number.clear();
      if (replace_number(t.substr(i, end - i), number)) substitute(i, end, number);
      i = end;
    } else {
      ++i;
    }
  }
  if (!changed) return false;
  out.append(t, done);
  return true;
}

}  // namespace mcpvigil::jsonrpc
