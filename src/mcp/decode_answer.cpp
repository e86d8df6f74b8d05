// SPDX-License-Identifier: Apache-2.0
// Results and errors. Which request they answer is not known here: only what their shape says.
#include <algorithm>
#include <array>

#include "mcp/decode.h"
#include "mcp/fields.h"
#include "mcp/look_alike.h"

namespace mcpvigil::mcp {
namespace {

using fields::element;

struct Result {
  std::optional<element> version, server_info, capabilities, supported_versions, task, meta, tools, content, contents,
      prompts, resources, templates, action, role, kind;
  bool acp = false, codex = false;
  bool of_server = false, of_client = false;  // members only that side's answers have
};

Result read_result(fields::Object o, Operation& op) {
  Result r;
  for (const auto f : o) {
    const std::string_view k = f.key;
    switch (k.size()) {
      case 4:
        if (k == "task") r.task = f.value;
        if (k == "role") r.role = f.value;
        if (k == "kind") r.kind = f.value;
        break;
      case 5:
        if (k == "_meta") r.meta = f.value;
        if (k == "tools") r.tools = f.value;
        if (k == "roots") r.of_client = f.value.is_array();
        break;
      case 6:
        if (k == "taskId") op.task_id = fields::string(f.value);
        if (k == "action") r.action = f.value;
        break;
      case 7:
        if (k == "content") r.content = f.value;
        if (k == "prompts") r.prompts = f.value;
        if (k == "isError") {
          r.of_server = true;
          op.is_tool_error = f.value.is_bool() && f.value.get_bool().value_unsafe();
        }
        break;
      case 8:
        if (k == "contents") r.contents = f.value;
        break;
      case 9:
        if (k == "resources") r.resources = f.value;
        if (k == "userAgent") r.codex = true;
        break;
      case 10:
        if (k == "serverInfo") r.server_info = f.value;
        if (k == "resultType") op.result_type = fields::string(f.value);
        if (k == "nextCursor") op.has_next_cursor = !f.value.is_null();
        break;
      case 11:
        if (k == "authMethods") r.acp = true;
        break;
      case 12:
        if (k == "capabilities") r.capabilities = f.value;
        if (k == "requestState") op.request_state = fields::string(f.value);
        if (k == "instructions") op.instructions = fields::string(f.value);
        break;
      case 13:
        if (k == "inputRequests") r.of_server = true;
        break;
      case 15:
        if (k == "protocolVersion") r.version = f.value;
        break;
      case 17:
        if (k == "supportedVersions") r.supported_versions = f.value;
        if (k == "structuredContent") r.of_server = true;
        if (k == "agentCapabilities") r.acp = true;
        if (k == "resourceTemplates") r.templates = f.value;
        break;
      default: break;
    }
  }
  return r;
}

bool is_version_list(element e) {
  fields::Array a;
  if (e.get_array().get(a) != simdjson::SUCCESS || a.begin() == a.end()) return false;
  return std::ranges::all_of(a.begin(), a.end(), [](element v) { return is_version(fields::string(v)); });
}

// Does the first element of this list have these members? Marks are for what is not empty.
bool list_of(const std::optional<element>& list, std::string_view text_member, std::string_view other_member = {}) {
  if (!list) return false;
  const auto first = fields::front(*list);
  const auto o = first ? fields::object(*first) : std::nullopt;
  if (!o || !jsonrpc::last(*o, text_member).has_value() || jsonrpc::string_at(*first, text_member).empty())
    return false;
  return other_member.empty() || jsonrpc::last(*o, other_member).has_value();
}

bool is_content(const std::optional<element>& list) {
  static constexpr std::array<std::string_view, 5> kTypes = {"text", "image", "audio", "resource", "resource_link"};
  if (!list) return false;
  const auto first = fields::front(*list);
  return first && std::ranges::find(kTypes, jsonrpc::string_at(*first, "type")) != kTypes.end();
}

bool is_array(const std::optional<element>& e) { return e && e->is_array(); }

void decode_marks(const Result& r, Operation& op) {
  if (list_of(r.tools, "name", "inputSchema")) give_strong(op, "tools[]");
  if (is_content(r.content)) give_strong(op, "content[]");
  if (list_of(r.contents, "uri")) give_strong(op, "contents[]");
  if (list_of(r.prompts, "name")) give_strong(op, "prompts[]");
  if (list_of(r.resources, "uri")) give_strong(op, "resources[]");
  if (list_of(r.templates, "uriTemplate")) give_strong(op, "resourceTemplates[]");
}

// Another protocol's answer to its own initialize, or A2A's tasks and messages.
std::string_view other_protocol(const Result& r, fields::Object o, bool versioned) {
  static constexpr std::array<std::string_view, 4> kA2aKinds = {"task", "message", "status-update", "artifact-update"};
  if (r.acp || (r.version && fields::is_number(*r.version))) return "acp";
  if (r.codex && !versioned) return "codex";
  if (r.kind && std::ranges::find(kA2aKinds, fields::string(*r.kind)) != kA2aKinds.end() &&
      (jsonrpc::last(o, "contextId") || jsonrpc::last(o, "messageId") || jsonrpc::last(o, "status"))) {
    return "a2a";
  }
  if (r.capabilities && !r.version && !r.supported_versions) {
    if (const auto caps = fields::object(*r.capabilities)) {
      for (const auto f : *caps) {
        if (f.key == "textDocumentSync" || f.key == "hoverProvider" || f.key == "completionProvider") return "lsp";
      }
    }
  }
  return {};
}

}  // namespace

void decode_result(const jsonrpc::Message& m, Operation& op) {
  if (!m.result) return;
  const auto o = fields::object(*m.result);
  if (!o) return;
  const Result r = read_result(*o, op);
  const bool own_meta = r.meta && decode_meta(*r.meta, op);
  if (r.server_info) op.server = fields::party(*r.server_info);
  if (r.version) op.protocol_version = fields::string(*r.version);
  if (r.task && op.task_id.empty()) op.task_id = jsonrpc::string_at(*r.task, "taskId");
  if (is_array(r.tools)) op.tools = r.tools;

  if (r.of_server || r.server_info || r.supported_versions || is_array(r.tools) || is_array(r.content) ||
      is_array(r.contents) || is_array(r.prompts) || is_array(r.resources) || is_array(r.templates) ||
      !op.result_type.empty()) {
    op.sender = Sender::kServer;
  } else if (r.of_client || r.role || r.action) {
    op.sender = Sender::kClient;  // answers to roots/list, sampling/createMessage, elicitation/create
  }

  decode_marks(r, op);
  // Only these two shapes tell an era: a Go server puts resultType and ttlMs into a 2025-11-25 session.
  if (r.supported_versions && is_version_list(*r.supported_versions)) {
    op.era = Era::kStateless;
    give_decisive(op, "supportedVersions");
  } else if (r.version && r.server_info) {
    op.era = Era::kLegacy;
    if (is_version(op.protocol_version) && !op.server.name.empty() && r.capabilities &&
        fields::is_objectlike(*r.capabilities)) {
      give_decisive(op, "serverInfo");
    }
  }
  if (own_meta) give_decisive(op, "_meta");
  const bool versioned = (m.oddities & jsonrpc::kNoVersion) == 0;
  if (const auto other = other_protocol(r, *o, versioned); !other.empty()) give_veto(op, other);
}

void decode_error(const jsonrpc::Message& m, Operation& op) {
  if (!m.error) return;
  const auto o = fields::object(*m.error);
  if (!o) return;
  std::optional<element> data;
  for (const auto f : *o) {
    if (f.key == "code") {
      std::int64_t code = 0;
      double real = 0;
      if (f.value.get_int64().get(code) == simdjson::SUCCESS) {
        op.error_code = code;
      } else if (f.value.get_double().get(real) == simdjson::SUCCESS && real > -0x1p53 && real < 0x1p53) {
        op.error_code = static_cast<std::int64_t>(real);  // -32601.0
      }
    } else if (f.key == "message") {
      op.error_message = fields::string(f.value);
    } else if (f.key == "data") {
      data = f.value;
    }
  }
  // UnsupportedProtocolVersion lists the server's dates: no other protocol's error does.
  if (const auto d = data ? fields::object(*data) : std::nullopt; d && op.error_code == -32022) {
    op.sender = Sender::kServer;
    op.era = Era::kStateless;
    if (const auto supported = jsonrpc::last(*d, "supported"); supported && is_version_list(*supported)) {
      give_strong(op, "unsupported-version");
    }
  }
}

}  // namespace mcpvigil::mcp
