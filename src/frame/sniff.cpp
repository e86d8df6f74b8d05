// SPDX-License-Identifier: Apache-2.0
#include "frame/sniff.h"

#include <array>

namespace mcpvigil::frame {
namespace {

constexpr std::array<std::string_view, 9> kMethods = {"GET",     "POST",    "PUT",   "DELETE", "HEAD",
                                                      "OPTIONS", "CONNECT", "PATCH", "TRACE"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

enum class Match : std::uint8_t { kNo, kPrefix, kYes };

// Does `s` start with `want`, or is it too short to say?
Match starts(Bytes s, Bytes want) {
  const std::size_t n = s.size() < want.size() ? s.size() : want.size();
  if (s.substr(0, n) != want.substr(0, n)) return Match::kNo;
  return n == want.size() ? Match::kYes : Match::kPrefix;
}

Match starts_ignoring_case(Bytes s, Bytes want_lower) {
  for (std::size_t i = 0; i < want_lower.size(); ++i) {
    if (i == s.size()) return Match::kPrefix;
    if (lower(s[i]) != want_lower[i]) return Match::kNo;
  }
  return Match::kYes;
}

// "POST /", "GET http://", "OPTIONS *", "CONNECT host": a target must follow, or English ("GET ready") would do.
Match request_line(Bytes s) {
  for (const Bytes method : kMethods) {
    const Match m = starts(s, method);
    if (m == Match::kPrefix) return Match::kPrefix;
    if (m == Match::kNo) continue;
    const Bytes rest = s.substr(method.size());
    if (rest.size() < 2) return rest.empty() || rest[0] == ' ' ? Match::kPrefix : Match::kNo;
    if (rest[0] != ' ') return Match::kNo;
    const char t = rest[1];
    if (t == '/' || t == '*') return Match::kYes;
    if (method == "CONNECT") return is_blank(t) ? Match::kNo : Match::kYes;
    return starts_ignoring_case(rest.substr(1), "http");
  }
  return Match::kNo;
}

// Handshake or application data (attached late), SSL 3.0 to TLS 1.3 on the wire.
Match tls_record(Bytes s) {
  const auto type = static_cast<unsigned char>(s[0]);
  if (type != 0x16 && type != 0x17) return Match::kNo;
  if (s.size() < 3) return s.size() == 2 && s[1] != 3 ? Match::kNo : Match::kPrefix;
  return s[1] == 3 && static_cast<unsigned char>(s[2]) <= 4 ? Match::kYes : Match::kNo;
}

}  // namespace

Look sniff(Bytes start) {
  Bytes s = start;
  switch (starts(s, "\xEF\xBB\xBF")) {
    case Match::kPrefix: return Look::kNeedMore;
    case Match::kYes: s.remove_prefix(3); break;
    case Match::kNo: break;
  }
  while (!s.empty() && is_blank(s[0])) s.remove_prefix(1);
  if (s.empty()) return Look::kNeedMore;
  if (s[0] == '{' || s[0] == '[') return Look::kJson;

  bool prefix = false;
  const auto is = [&prefix](Match m) {
    prefix |= m == Match::kPrefix;
    return m == Match::kYes;
  };
  if (is(tls_record(s))) return Look::kTls;
  if (is(starts(s, "PRI * HTTP/2.0"))) return Look::kHttp2;
  if (is(starts(s, "HTTP/1."))) return Look::kHttpResponse;
  if (is(request_line(s))) return Look::kHttpRequest;
  // The base protocol of LSP allows Content-Type before Content-Length.
  if (is(starts_ignoring_case(s, "content-length:")) || is(starts_ignoring_case(s, "content-type:"))) {
    return Look::kContentLength;
  }
  return prefix ? Look::kNeedMore : Look::kText;
}

}  // namespace mcpvigil::frame
