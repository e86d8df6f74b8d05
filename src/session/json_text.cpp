// SPDX-License-Identifier: Apache-2.0
#include "session/json_text.h"

#include <array>

namespace mcpvigil::session {
namespace {

// Length of the valid UTF-8 sequence at s[i], 0 when there is none (overlong, surrogate, cut, beyond U+10FFFF).
std::size_t sequence(std::string_view s, std::size_t i) {
  auto at = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  auto tail = [&](std::size_t k, unsigned lo = 0x80, unsigned hi = 0xBF) {
    return k < s.size() && at(k) >= lo && at(k) <= hi;
  };
  unsigned c = at(i);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return tail(i + 1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    unsigned lo = c == 0xE0 ? 0xA0 : 0x80, hi = c == 0xED ? 0x9F : 0xBF;
    return tail(i + 1, lo, hi) && tail(i + 2) ? 3 : 0;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    unsigned lo = c == 0xF0 ? 0x90 : 0x80, hi = c == 0xF4 ? 0x8F : 0xBF;
    return tail(i + 1, lo, hi) && tail(i + 2) && tail(i + 3) ? 4 : 0;
  }
  return 0;
}

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> t{};
  for (unsigned c = 0x20; c < 0x7F; ++c) t[c] = c != '"' && c != '\\';
  return t;
}();

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_escape(unsigned char c, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out.push_back(kDigits[c >> 4]);
      out.push_back(kDigits[c & 15]);
  }
}

// Civil date of a day counted from 1970-01-01 (Hinnant's algorithm; valid for every uint64 of nanoseconds).
struct Date {
  unsigned year, month, day;
};
Date date_of(std::uint64_t days) {
  std::uint64_t z = days + 719468;
  std::uint64_t era = z / 146097, doe = z % 146097;
  std::uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  std::uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  unsigned month = static_cast<unsigned>(mp < 10 ? mp + 3 : mp - 9);
  return {static_cast<unsigned>(yoe + era * 400 + (month <= 2 ? 1 : 0)), month,
          static_cast<unsigned>(doy - (153 * mp + 2) / 5 + 1)};
}

void digits(std::uint64_t v, int n, char* at) {
  for (int i = n - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + v % 10);
    v /= 10;
  }
}

// "2026-11-21T08:00:00.123456789"
void render_time(base::Timestamp t, char (&buf)[29]) {
  std::uint64_t s = t.ns / 1'000'000'000, in_day = s % 86400;
  Date d = date_of(s / 86400);
  digits(d.year, 4, buf);
  buf[4] = buf[7] = '-';
  digits(d.month, 2, buf + 5);
  digits(d.day, 2, buf + 8);
  buf[10] = 'T';
  digits(in_day / 3600, 2, buf + 11);
  digits(in_day / 60 % 60, 2, buf + 14);
  digits(in_day % 60, 2, buf + 17);
  buf[13] = buf[16] = ':';
  buf[19] = '.';
  digits(t.ns % 1'000'000'000, 9, buf + 20);
}

}  // namespace

void append_string(std::string_view s, std::string& out) {
  out.push_back('"');
  std::size_t begin = 0, i = 0;
  while (i < s.size()) {
    auto c = static_cast<unsigned char>(s[i]);
    if (kPlain[c]) {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (std::size_t n = sequence(s, i); n != 0) {
        i += n;
        continue;
      }
    }
    out.append(s, begin, i - begin);
    if (c >= 0x80) {
      out += kReplacement;
    } else {
      append_escape(c, out);
    }
    begin = ++i;
  }
  out.append(s, begin, i - begin);
  out.push_back('"');
}

void append_string_or_null(std::string_view s, std::string& out) {
  if (s.empty()) {
    out += "null";
  } else {
    append_string(s, out);
  }
}

void append_time(base::Timestamp t, std::string& out) {
  char buf[29];
  render_time(t, buf);
  out.push_back('"');
  out.append(buf, sizeof buf);
  out += "Z\"";
}

void append_short_time(base::Timestamp t, std::string& out) {
  char buf[29];
  render_time(t, buf);
  std::size_t n = sizeof buf;
  while (buf[n - 1] == '0') --n;
  if (buf[n - 1] == '.') --n;
  out.push_back('"');
  out.append(buf, n);
  out += "Z\"";
}

void append_milliseconds(std::uint64_t ns, std::string& out) {
  append_number(ns / 1'000'000, out);
  std::uint64_t rest = ns % 1'000'000;
  if (rest == 0) return;
  char buf[7] = {'.'};
  digits(rest, 6, buf + 1);
  std::size_t n = 7;
  while (buf[n - 1] == '0') --n;
  out.append(buf, n);
}

void append_json_text(std::string_view text, std::string& out) {
  // Inside strings a line break is always escaped, so every raw one is between tokens. Bad UTF-8 cannot have been
  // parsed; should some arrive, the line must still be valid.
  std::size_t begin = 0, i = 0;
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80) {
      ++i;
      continue;
    }
    std::size_t n = c >= 0x80 ? sequence(text, i) : 0;
    if (n != 0) {
      i += n;
      continue;
    }
    out.append(text, begin, i - begin);
    if (c >= 0x80) {
      out += kReplacement;
    } else {
      out.push_back(' ');
    }
    begin = ++i;
  }
  out.append(text, begin, i - begin);
}

}  // namespace mcpvigil::session
