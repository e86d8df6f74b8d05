// SPDX-License-Identifier: Apache-2.0
#include "mcp/decode.h"
#include "mcp/fields.h"

namespace mcpvigil::mcp {

bool decode_meta(simdjson::dom::element meta, Operation& op) {
  static constexpr std::string_view kPrefix = "io.modelcontextprotocol/";
  const auto o = fields::object(meta);
  if (!o) return false;
  bool own_key = false;
  for (const auto f : *o) {
    if (!f.key.starts_with(kPrefix)) {
      if (f.key == "progressToken") op.progress_token = fields::id(f.value);
      if (f.key == "traceparent") op.traceparent = fields::string(f.value);
      if (f.key == "tracestate") op.tracestate = fields::string(f.value);
      continue;
    }
    own_key = true;
    const std::string_view key = std::string_view(f.key).substr(kPrefix.size());
    if (key == "protocolVersion") {
      op.protocol_version = fields::string(f.value);
      if (is_stateless_version(op.protocol_version)) op.era = Era::kStateless;
    } else if (key == "clientInfo") {
      op.client = fields::party(f.value);
    } else if (key == "serverInfo") {
      op.server = fields::party(f.value);
    } else if (key == "subscriptionId") {
      // Exists since 2026-07-28. An answer's does not count: servers put new members into old answers.
      op.subscription = fields::id(f.value);
      op.subscription_id = fields::string(f.value);
      if (op.kind == jsonrpc::Kind::kNotification) op.era = Era::kStateless;
    } else if (key == "related-task") {
      if (op.task_id.empty()) op.task_id = jsonrpc::string_at(f.value, "taskId");
    }
  }
  return own_key;
}

}  // namespace mcpvigil::mcp
