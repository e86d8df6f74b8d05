// SPDX-License-Identifier: Apache-2.0
#include "session/header_check.h"

#include <cstdint>

namespace mcpvigil::session {
namespace {

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::string bounded(std::string_view s) {
  constexpr std::size_t kMax = 120;
  return s.size() <= kMax ? std::string(s) : std::string(s.substr(0, kMax)) + "...";
}

std::optional<HeaderMismatch> differ(std::string_view header, std::string_view said, std::string_view body) {
  if (said == body) return std::nullopt;
  return HeaderMismatch{header, bounded(said), bounded(body)};
}

}  // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
  constexpr std::string_view kOpen = "=?base64?", kClose = "?=";
  value = trimmed(value);
  if (!value.starts_with(kOpen) || !value.ends_with(kClose) || value.size() < kOpen.size() + kClose.size()) {
    return std::string(value);
  }
  value = value.substr(kOpen.size(), value.size() - kOpen.size() - kClose.size());
  while (value.ends_with('=')) value.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (char c : value) {
    int d = base64_digit(c);
    if (d < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(d);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>((bits >> have) & 0xFF));
    }
  }
  return out;
}

std::optional<HeaderMismatch> header_mismatch(const frame::HttpExchange& e, const mcp::Operation& op) {
  if (op.method.empty()) return std::nullopt;
  if (!e.mcp_method.empty()) {
    if (auto bad = differ("Mcp-Method", trimmed(e.mcp_method), op.method)) return bad;
  }
  if (!e.mcp_name.empty()) {
    std::string_view body = !op.tool.empty()     ? op.tool
                            : !op.prompt.empty() ? op.prompt
                            : !op.uri.empty()    ? op.uri
                                                 : op.task_id;
    auto said = decode_header_value(e.mcp_name);
    if (!said) return HeaderMismatch{"Mcp-Name", bounded(e.mcp_name), bounded(body)};
    if (auto bad = differ("Mcp-Name", *said, body)) return bad;
  }
  // Only a claim in _meta must agree: what `initialize` asks for is an offer, the header is what is spoken.
  if (!e.protocol_version.empty() && !op.protocol_version.empty() && op.method != "initialize") {
    return differ("MCP-Protocol-Version", trimmed(e.protocol_version), op.protocol_version);
  }
  return std::nullopt;
}

}  // namespace mcpvigil::session
