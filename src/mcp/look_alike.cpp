// SPDX-License-Identifier: Apache-2.0
#include "mcp/look_alike.h"

#include <algorithm>
#include <array>

namespace mcpvigil::mcp {
namespace {

namespace dom = simdjson::dom;
using jsonrpc::last;
using jsonrpc::string_at;

struct Mark {
  std::string_view text;
  std::string_view protocol;
};

// Beginnings of method names. More exact ones first where two share a beginning.
constexpr std::array kPrefixes = {
    Mark{"session/", "acp"},
    Mark{"fs/", "acp"},
    Mark{"terminal/", "acp"},
    Mark{"auth/", "acp"},
    Mark{"mcp/", "acp"},
    Mark{"_mcp/", "acp"},
    Mark{"$/cancel_request", "acp"},
    Mark{"$/", "lsp"},
    Mark{"textDocument/", "lsp"},
    Mark{"workspace/", "lsp"},
    Mark{"window/", "lsp"},
    Mark{"notebookDocument/", "lsp"},
    Mark{"callHierarchy/", "lsp"},
    Mark{"typeHierarchy/", "lsp"},
    Mark{"completionItem/", "lsp"},
    Mark{"codeAction/", "lsp"},
    Mark{"client/", "lsp"},
    Mark{"telemetry/event", "lsp"},
    Mark{"build/", "bsp"},
    Mark{"buildTarget/", "bsp"},
    Mark{"thread/", "codex"},
    Mark{"turn/", "codex"},
    Mark{"item/", "codex"},
    Mark{"message/send", "a2a"},
    Mark{"message/stream", "a2a"},
    Mark{"agent/", "a2a"},
    Mark{"tasks/send", "a2a"},
    Mark{"tasks/resubscribe", "a2a"},
    Mark{"tasks/pushNotification", "a2a"},
    Mark{"eth_", "ethereum"},
    Mark{"net_", "ethereum"},
    Mark{"web3_", "ethereum"},
    Mark{"engine_", "ethereum"},
    Mark{"debug_", "ethereum"},
    Mark{"txpool_", "ethereum"},
    Mark{"personal_", "ethereum"},
    Mark{"trace_", "ethereum"},
};
constexpr std::array kWhole = {
    Mark{"authenticate", "acp"},
    Mark{"SendMessage", "a2a"},
    Mark{"SendStreamingMessage", "a2a"},
    Mark{"GetTask", "a2a"},
    Mark{"ListTasks", "a2a"},
    Mark{"CancelTask", "a2a"},
    Mark{"SubscribeToTask", "a2a"},
    Mark{"TaskSubscription", "a2a"},
    Mark{"GetExtendedAgentCard", "a2a"},
    Mark{"GetAgentCard", "a2a"},
    Mark{"CreateTaskPushNotificationConfig", "a2a"},
    Mark{"SetTaskPushNotificationConfig", "a2a"},
    Mark{"GetTaskPushNotificationConfig", "a2a"},
    Mark{"ListTaskPushNotificationConfigs", "a2a"},
    Mark{"DeleteTaskPushNotificationConfig", "a2a"},
    Mark{"rpc_modules", "ethereum"},
};

// What Claude Code prints and reads with --output-format/--input-format stream-json, besides its control lines.
constexpr std::array<std::string_view, 5> kStreamJson = {"assistant", "user", "system", "result", "stream_event"};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::optional<dom::element> at(const std::optional<dom::element>& e, std::string_view key) {
  dom::object o;
  if (!e || e->get_object().get(o) != simdjson::SUCCESS) return std::nullopt;
  return last(o, key);
}
std::optional<dom::element> object_at(const std::optional<dom::element>& e, std::string_view key) {
  const auto v = at(e, key);
  return v && v->is_object() ? v : std::nullopt;
}

}  // namespace

std::string_view protocol_of_method(std::string_view m) {
  for (const auto& mark : kPrefixes) {
    if (m.starts_with(mark.text)) return mark.protocol;
  }
  for (const auto& mark : kWhole) {
    if (m == mark.text) return mark.protocol;
  }
  // getBlockHeight, getblockcount's kin: Solana and other chains. No MCP method begins so.
  if (m.size() > 3 && m.starts_with("get") && is_upper(m[3])) return "solana";
  // Page.enable: Chrome DevTools.
  if (const auto dot = m.find('.'); dot != std::string_view::npos && is_upper(m[0]) && !m.contains('/')) {
    return "cdp";
  }
  return {};
}

LookAlike look_alike(dom::element root) {
  LookAlike r;
  const std::string_view type = string_at(root, "type");
  if (type.empty()) return r;
  if (type == "control_request") {
    r.protocol = "claude-control";
    const auto request = object_at(root, "request");
    if (request && string_at(*request, "subtype") == "mcp_message") {
      r.server_name = string_at(*request, "server_name");
      r.nested = object_at(request, "message");
    }
  } else if (type == "control_response") {
    r.protocol = "claude-control";
    r.nested = object_at(object_at(object_at(root, "response"), "response"), "mcp_response");
  } else if (type == "control_cancel_request") {
    r.protocol = "claude-control";
  } else if (std::ranges::find(kStreamJson, type) != kStreamJson.end() && at(root, "session_id")) {
    r.protocol = "claude-control";
  } else if (at(root, "seq") && (type == "request" || type == "response" || type == "event")) {
    r.protocol = "dap";
  }
  return r;
}

}  // namespace mcpvigil::mcp
