// SPDX-License-Identifier: Apache-2.0
#include "mcp/decode.h"

#include "mcp/look_alike.h"

namespace mcpvigil::mcp {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view name(Era e) {
  switch (e) {
    case Era::kUnknown: return "";
    case Era::kLegacy: return "legacy";
    case Era::kStateless: return "stateless";
  }
  return "";
}

bool is_version(std::string_view v) {
  if (v.size() != 10 || !v.starts_with("20") || v[4] != '-' || v[7] != '-') return false;
  for (const std::size_t i : {2U, 3U, 5U, 6U, 8U, 9U}) {
    if (!is_digit(v[i])) return false;
  }
  return true;
}

bool is_stateless_version(std::string_view v) { return is_version(v) && v >= "2026-07-28"; }

void give_strong(Operation& op, std::string_view mark) {
  if (op.evidence == Evidence::kNothing) {
    op.evidence = Evidence::kStrong;
    op.strong_mark = mark;
  }
}

void give_decisive(Operation& op, std::string_view mark) {
  if (op.evidence == Evidence::kVeto) return;
  op.evidence = Evidence::kDecisive;
  op.strong_mark = mark;
}

void give_veto(Operation& op, std::string_view protocol) {
  op.evidence = Evidence::kVeto;
  op.strong_mark = {};
  op.veto = protocol;
}

Operation decode(const jsonrpc::Message& m) {
  Operation op;
  op.kind = m.kind;
  op.id = &m.id;
  switch (m.kind) {
    case jsonrpc::Kind::kRequest:
    case jsonrpc::Kind::kNotification: decode_request(m, op); break;
    case jsonrpc::Kind::kResponse: decode_result(m, op); break;
    case jsonrpc::Kind::kError: decode_error(m, op); break;
  }
  // MCP peers refuse a message without a version, and Codex, DevTools and logs have none. What no other protocol says
  // still counts, but not alone: home-made peers that forget the member are worth finding.
  if ((m.oddities & jsonrpc::kNoVersion) != 0 && op.evidence != Evidence::kVeto) {
    if (op.evidence == Evidence::kDecisive) {
      op.evidence = Evidence::kStrong;
    } else {
      give_veto(op, kUnversioned);
    }
  }
  if (op.evidence != Evidence::kStrong) op.strong_mark = {};
  return op;
}

}  // namespace mcpvigil::mcp
