// SPDX-License-Identifier: Apache-2.0
// Operation: what one JSON-RPC message means in MCP, any revision from 2024-11-05 to 2026-07-28. Pure: one message in,
// one value out; state (which request an answer belongs to) lives in `session`.
//
// Views live as long as the jsonrpc::Message. Not MCP by the look of it is a value too: see look_alike.h.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "jsonrpc/message.h"

namespace mcpvigil::mcp {

// Who may send it. kEither: pings, cancellations, progress.
enum class Sender : std::uint8_t { kUnknown, kClient, kServer, kEither };

enum class Era : std::uint8_t { kUnknown, kLegacy, kStateless };
[[nodiscard]] std::string_view name(Era e);  // "", "legacy", "stateless"

// How much one message says about its channel being MCP (protocol.md 2.2).
enum class Evidence : std::uint8_t {
  kNothing,   // worth nothing alone (ping, tasks/*, ...)
  kStrong,    // two distinct ones decide
  kDecisive,  // decides alone
  kVeto,      // another protocol for certain (LSP, ACP, A2A, Codex, Ethereum, Claude control, ...)
};

struct Party {  // clientInfo / serverInfo: a claim, never an identity
  std::string_view name, version;
};

struct Operation {
  jsonrpc::Kind kind{};
  const jsonrpc::Id* id = nullptr;
  std::string_view method;  // "" for responses
  bool known_method = false;
  Sender sender = Sender::kUnknown;  // from the method or the shape
  Era era = Era::kUnknown;           // kStateless when _meta claims 2026-07-28 or later, or server/discover
  Evidence evidence = Evidence::kNothing;
  std::string_view strong_mark;       // which strong mark it was: two *distinct* ones decide; static storage
  std::string_view veto;              // which look-alike, or kUnversioned (look_alike.h); static storage
  std::string_view protocol_version;  // claimed in initialize, its result, or _meta
  Party client, server;
  std::string_view tool;    // tools/call params.name
  std::string_view prompt;  // prompts/get params.name
  std::string_view uri;     // resources/* params.uri
  std::string_view task_id, subscription_id, request_state, result_type, traceparent, tracestate;
  std::optional<jsonrpc::Id>
      subscription;  // subscription_id with its JSON type (it is a request's id: may be a number)
  std::optional<jsonrpc::Id> progress_token;
  std::optional<jsonrpc::Id> cancelled_id;  // notifications/cancelled params.requestId
  bool is_tool_error = false;               // result.isError
  std::int64_t error_code = 0;
  std::string_view error_message;
  bool has_input_responses = false;             // a retried request (MRTR)
  std::optional<simdjson::dom::element> tools;  // result.tools of a tools/list answer
  bool has_next_cursor = false;                 // the list goes on
  std::string_view instructions;                // of initialize / server/discover answers
  // What ACP's mcp/message carries, for jsonrpc::read_message(): a message, or {method, params} without a version.
  std::optional<simdjson::dom::element> nested;
};

[[nodiscard]] Operation decode(const jsonrpc::Message& m);

// Is this a date-shaped protocol version, and is it one of the revisions without a handshake?
[[nodiscard]] bool is_version(std::string_view v);
[[nodiscard]] bool is_stateless_version(std::string_view v);

// One tool as listed. definition_hash: SHA-256 over the canonical JSON (RFC 8785) of the whole tool object, hex.
struct ToolDefinition {
  std::string_view name, title, description;
  std::string definition_hash;
  bool read_only_hint = false;
  bool destructive_hint = true;
  std::string canonical;  // the canonical JSON
};
[[nodiscard]] std::vector<ToolDefinition> tool_definitions(simdjson::dom::element tools);

// Canonical JSON (RFC 8785) of any element.
void append_canonical(simdjson::dom::element e, std::string& out);

// Is this channel MCP? Feed it every message of both lanes in order.
//
// kMcp is final: what merely resembles another protocol on a decided channel is counted (contradictions), never a
// reason to look away. kOther gives way only to what the other protocol cannot say: after a certain veto, a decisive
// request or two distinct MCP-only methods (never answers: ACP carries MCP's answers in its own); after mere
// unversioned messages, any evidence.
class Classifier {
 public:
  enum class State : std::uint8_t { kUnknown, kCandidate, kMcp, kOther };
  State observe(const Operation& op);
  // JSON that was no JSON-RPC message, named by look_alike() (static storage); "" changes nothing.
  State observe_look_alike(std::string_view protocol);
  // HTTP tells more: MCP-Protocol-Version, Mcp-Method, Mcp-Session-Id with a JSON-RPC body; SSE `endpoint` then a POST.
  State observe_decisive();
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::string_view other_protocol() const { return other_; }        // "" unless kOther
  [[nodiscard]] std::uint32_t contradictions() const { return contradictions_; }  // vetoes met after kMcp

 private:
  void veto(std::string_view protocol);

  State state_ = State::kUnknown;
  bool certain_ = false;         // kOther by a certain veto
  bool mark_is_method_ = false;  // first_mark_ came from a request or notification
  std::uint32_t unversioned_ = 0;
  std::uint32_t contradictions_ = 0;
  std::string_view first_mark_;
  std::string_view other_;
};

}  // namespace mcpvigil::mcp
