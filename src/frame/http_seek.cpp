// SPDX-License-Identifier: Apache-2.0
#include "frame/http_seek.h"

#include <algorithm>
#include <array>

namespace mcpvigil::frame {
namespace {

enum class Match : std::uint8_t { kNo, kPrefix, kYes };

constexpr std::array<Bytes, 9> kMethods = {"GET ",     "POST ",    "PUT ",   "DELETE ", "HEAD ",
                                           "OPTIONS ", "CONNECT ", "PATCH ", "TRACE "};
constexpr std::size_t kMaxTarget = 8U << 10;
constexpr std::size_t kMaxReason = 256;
// A blank line and the line break that ends a chunk.
constexpr Bytes kAfterEvent = "\n\n\r\n", kAfterEventCrLf = "\n\r\n\r\n";

Match starts(Bytes b, Bytes want) {
  const std::size_t n = std::min(b.size(), want.size());
  if (b.substr(0, n) != want.substr(0, n)) return Match::kNo;
  return n == want.size() ? Match::kYes : Match::kPrefix;
}

Match line_break(Bytes b) {
  if (b.empty()) return Match::kPrefix;
  if (b[0] == '\n') return Match::kYes;
  return b[0] == '\r' ? starts(b, "\r\n") : Match::kNo;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// b begins behind the method and its space.
Match rest_of_request_line(Bytes b) {
  if (b.empty()) return Match::kPrefix;
  const auto end = std::find_if(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(std::min(b.size(), kMaxTarget)),
                                [](char c) { return c == ' ' || is_control(c); });
  const auto n = static_cast<std::size_t>(end - b.begin());
  if (n == b.size()) return n < kMaxTarget ? Match::kPrefix : Match::kNo;
  if (n == 0 || b[n] != ' ') return Match::kNo;
  b.remove_prefix(n);
  if (const Match m = starts(b, " HTTP/1."); m != Match::kYes) return m;
  b.remove_prefix(8);
  if (b.empty()) return Match::kPrefix;
  return is_digit(b[0]) ? line_break(b.substr(1)) : Match::kNo;
}

Match request_line(Bytes b) {
  for (const Bytes method : kMethods) {
    const Match m = starts(b, method);
    if (m == Match::kPrefix) return m;
    if (m == Match::kYes) return rest_of_request_line(b.substr(method.size()));
  }
  return Match::kNo;
}

// "HTTP/1.1 200 OK\r\n"; the reason may be missing.
Match status_line(Bytes b) {
  if (const Match m = starts(b, "HTTP/1."); m != Match::kYes) return m;
  b.remove_prefix(7);
  constexpr Bytes kShape = "0 000";  // version digit, space, three digits
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (i == b.size()) return Match::kPrefix;
    if (kShape[i] == '0' ? !is_digit(b[i]) : b[i] != kShape[i]) return Match::kNo;
  }
  b.remove_prefix(kShape.size());
  if (const Match m = line_break(b); m != Match::kNo) return m;
  if (b[0] != ' ') return Match::kNo;
  const std::size_t n = std::min(b.size(), kMaxReason);
  for (std::size_t i = 0; i < n; ++i) {
    if (is_control(b[i]) && b[i] != '\t') return line_break(b.substr(i));
  }
  return n < kMaxReason ? Match::kPrefix : Match::kNo;
}

// "1a\r\n" and then a field name or a comment.
Match event_chunk(Bytes b) {
  std::size_t i = 0;
  while (i < b.size() && i <= 8 && (is_digit(b[i]) || (b[i] >= 'a' && b[i] <= 'f') || (b[i] >= 'A' && b[i] <= 'F')))
    ++i;
  if (i == b.size() && i <= 8) return Match::kPrefix;
  if (i == 0 || i > 8) return Match::kNo;
  b.remove_prefix(i);
  if (const Match m = starts(b, "\r\n"); m != Match::kYes) return m;
  b.remove_prefix(2);
  Match best = Match::kNo;
  for (const Bytes field : {Bytes("data:"), Bytes("event:"), Bytes("id:"), Bytes("retry:"), Bytes(":")}) {
    best = std::max(best, starts(b, field));
  }
  return best;
}

template <typename Matcher, typename Candidate>
HeadSearch find_first(Bytes bytes, Candidate candidate, Matcher match) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!candidate(bytes, i)) continue;
    const Match m = match(bytes.substr(i));
    if (m != Match::kNo) return {i, m == Match::kYes};
  }
  return {bytes.size(), false};
}

}  // namespace

HeadSearch find_head(Bytes bytes, HeadKind kind) {
  if (kind == HeadKind::kStatus) {
    return find_first(bytes, [](Bytes b, std::size_t i) { return b[i] == 'H'; }, status_line);
  }
  return find_first(bytes, [](Bytes b, std::size_t i) { return b[i] >= 'C' && b[i] <= 'T'; }, request_line);
}

HeadSearch find_event_chunk(Bytes bytes) {
  const HeadSearch s = find_first(
      bytes, [](Bytes b, std::size_t i) { return b[i] == '\n'; },
      [](Bytes b) {
        const Match m = std::max(starts(b, kAfterEvent), starts(b, kAfterEventCrLf));
        if (m != Match::kYes) return m;
        return event_chunk(b.substr(b[1] == '\n' ? kAfterEvent.size() : kAfterEventCrLf.size()));
      });
  if (!s.found) return s;
  return {s.at + (bytes[s.at + 1] == '\n' ? kAfterEvent.size() : kAfterEventCrLf.size()), true};
}

}  // namespace mcpvigil::frame
