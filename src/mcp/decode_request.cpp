// SPDX-License-Identifier: Apache-2.0
// Requests and notifications: the method says most, a few members of params the rest.
#include "mcp/decode.h"
#include "mcp/fields.h"
#include "mcp/look_alike.h"
#include "mcp/method.h"

namespace mcpvigil::mcp {
namespace {

using fields::element;

// The members of params that mean something to us; last wins.
struct Params {
  std::optional<element> name, uri, id, task_id, request_id, progress_token, version, capabilities, client_info, meta,
      method, message;
  bool lsp = false;  // members that only LSP's initialize has
  bool acp = false;  // ... ACP's
};

Params read_params(fields::Object o, Operation& op) {
  Params p;
  for (const auto f : o) {
    const std::string_view k = f.key;
    switch (k.size()) {
      case 2:
        if (k == "id") p.id = f.value;
        break;
      case 3:
        if (k == "uri") p.uri = f.value;
        break;
      case 4:
        if (k == "name") p.name = f.value;
        break;
      case 5:
        if (k == "_meta") p.meta = f.value;
        break;
      case 6:
        if (k == "taskId") p.task_id = f.value;
        if (k == "method") p.method = f.value;
        break;
      case 7:
        if (k == "message") p.message = f.value;
        if (k == "rootUri") p.lsp = true;
        break;
      case 8:
        if (k == "rootPath") p.lsp = true;
        break;
      case 9:
        if (k == "requestId") p.request_id = f.value;
        if (k == "processId") p.lsp = true;
        break;
      case 10:
        if (k == "clientInfo") p.client_info = f.value;
        break;
      case 12:
        if (k == "capabilities") p.capabilities = f.value;
        if (k == "requestState") op.request_state = fields::string(f.value);
        break;
      case 13:
        if (k == "progressToken") p.progress_token = f.value;
        break;
      case 14:
        if (k == "inputResponses") op.has_input_responses = true;
        break;
      case 15:
        if (k == "protocolVersion") p.version = f.value;
        break;
      case 16:
        if (k == "workspaceFolders") p.lsp = true;
        break;
      case 18:
        if (k == "clientCapabilities") p.acp = true;
        break;
      default: break;
    }
  }
  return p;
}

void decode_initialize(const Params& p, bool versioned, Operation& op) {
  if (p.client_info) op.client = fields::party(*p.client_info);
  if (p.version) op.protocol_version = fields::string(*p.version);
  if (p.version && fields::is_number(*p.version)) return give_veto(op, "acp");
  const bool like_mcp = !op.protocol_version.empty() && !op.client.name.empty() && p.capabilities &&
                        fields::is_objectlike(*p.capabilities);
  if (like_mcp) {
    if (is_version(op.protocol_version)) return give_decisive(op, "initialize");
    return give_strong(op, "initialize");  // DRAFT-2026-v1 and the like
  }
  if (p.acp) return give_veto(op, "acp");
  if (p.lsp && !p.version) return give_veto(op, "lsp");
  if (!versioned && !p.version) return give_veto(op, "codex");
}

// Members that belong to one method each.
void decode_members(const Params& p, Operation& op) {
  const std::string_view m = op.method;
  if (p.task_id) op.task_id = fields::string(*p.task_id);
  if (p.name && m == "tools/call") op.tool = fields::string(*p.name);
  if (p.name && m == "prompts/get") op.prompt = fields::string(*p.name);
  if (p.uri && (m.starts_with("resources/") || m == "notifications/resources/updated")) op.uri = fields::string(*p.uri);
  if (p.request_id && m == "notifications/cancelled") op.cancelled_id = fields::id(*p.request_id);
  if (p.progress_token && m == "notifications/progress") op.progress_token = fields::id(*p.progress_token);
}

bool is_positional(element params) {
  fields::Array a;
  return params.get_array().get(a) == simdjson::SUCCESS && a.begin() != a.end();
}

void decode_known(const Method& method, const Params& p, const jsonrpc::Message& m, Operation& op) {
  op.known_method = true;
  op.sender = method.sender;
  if (op.era == Era::kUnknown) op.era = method.era;
  decode_members(p, op);
  // A request's name on a message without id (or the reverse) is no use of that method.
  const bool proper = method.notification == (m.kind == jsonrpc::Kind::kNotification);
  if (method.name == "initialize") {
    op.era = Era::kLegacy;  // also with protocolVersion 2026-07-28, as the Rust SDK sends it
    decode_initialize(p, (m.oddities & jsonrpc::kNoVersion) == 0, op);
  } else if (method.name == "server/discover") {
    op.era = Era::kStateless;
    if (proper) give_decisive(op, method.name);
  } else if (method.name == "tools/call") {
    if (proper && p.name && p.name->is_string()) give_strong(op, method.name);
  } else if (method.name == "tasks/get" || method.name == "tasks/cancel") {
    if (p.id && p.id->is_string() && !p.task_id) give_veto(op, "a2a");
  } else if (method.strong && proper) {
    give_strong(op, method.name);
  }
}

}  // namespace

void decode_request(const jsonrpc::Message& m, Operation& op) {
  op.method = m.method;
  Params p;
  bool own_meta = false;
  if (m.params) {
    if (const auto o = fields::object(*m.params)) {
      p = read_params(*o, op);
      if (p.meta) own_meta = decode_meta(*p.meta, op);
    }
  }
  if (const Method* method = find_method(m.method)) {
    decode_known(*method, p, m, op);
    if (own_meta) give_decisive(op, "_meta");
    if (m.params && is_positional(*m.params)) give_veto(op, "positional");
    return;
  }
  if (p.task_id) op.task_id = fields::string(*p.task_id);
  if (const auto other = protocol_of_method(m.method); !other.empty()) {
    give_veto(op, other);
    if (m.method == "mcp/message" || m.method == "_mcp/message") {
      if (p.message && p.message->is_object()) {
        op.nested = p.message;
      } else if (p.method) {
        op.nested = m.params;
      }
    }
    return;
  }
  if (own_meta) give_decisive(op, "_meta");
  if (m.params && is_positional(*m.params)) give_veto(op, "positional");
}

}  // namespace mcpvigil::mcp
