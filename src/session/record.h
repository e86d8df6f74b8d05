// SPDX-License-Identifier: Apache-2.0
// Records: what mcpvigil has to say. One closed set; strings appear only when a record is rendered (render.h).
//
// Records own nothing that dies with the call except the views named so; a listener copies what it keeps.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/ledger.h"
#include "event/event.h"
#include "frame/frame.h"
#include "jsonrpc/message.h"
#include "mcp/operation.h"

namespace mcpvigil::session {

// A process or a remote address as a record names it. Points into the session tables; valid during the callback.
struct PartyView {
  const event::ProcessFacts* facts = nullptr;  // null: not on this host or not known
  base::ProcessKey process;
  event::Address address;                          // remote peers
  std::string_view claimed_name, claimed_version;  // clientInfo / serverInfo
  std::string_view server_id;                      // servers: "srv-" + hex
};

struct TransportView {
  std::string_view kind;     // pipe fifo pty socketpair unix tcp
  std::string_view framing;  // ndjson http1 http2 sse websocket
  bool tls = false;
};

struct MessageRecord {
  base::Timestamp ts;
  std::string_view session_id, correlation_id;
  TransportView transport;
  PartyView client, server;
  std::vector<PartyView> hops;  // relays between client and server, in order
  mcp::Era era{};
  std::string_view protocol_version;
  bool client_to_server = true;
  jsonrpc::Kind kind{};
  std::string_view method;  // of the request, also on its answer when that is known
  std::string_view tool;
  jsonrpc::Id id;
  std::uint64_t bytes = 0;
  bool gap = false;
  bool unmatched = false;      // an answer whose request was not seen
  std::uint32_t oddities = 0;  // jsonrpc::Oddity
  std::string_view coverage;   // full | partial | ...
  base::Bytes payload;         // the JSON text; valid during the callback; empty in a CallRecord
};

struct CallRecord {       // a request and its answer
  MessageRecord message;  // as of the request; ts is the request's
  base::Timestamp answered;
  std::uint64_t latency_ns = 0;
  std::string_view outcome;  // ok | error | tool_error | cancelled | input_required | task | unanswered | evicted
  std::int64_t error_code = 0;
  std::string_view error_message;
  std::uint64_t request_bytes = 0, response_bytes = 0;
};

struct InventoryRecord {  // something new or changed
  base::Timestamp ts;
  std::string_view what;  // server_new server_seen tool_new tool_changed tool_removed agent_new
  std::string_view server_id, server_name, tool, definition_hash, previous_hash;
  PartyView party;
};

struct FindingRecord {
  base::Timestamp ts;
  std::string_view
      kind;  // parser_differential header_mismatch era_violation role_violation claim_changed id_reuse blind_spot
  std::string_view severity;  // info low medium high
  std::string_view detail;    // a sentence a person understands
  std::string_view session_id;
  std::string_view correlation_id;
  PartyView client, server;
};

struct ProcessRecord {  // an MCP process came or went, or has a coverage verdict
  base::Timestamp ts;
  std::string_view what;  // started ended coverage
  std::string_view coverage, reason;
  PartyView party;
};

struct LossRecord {
  base::Timestamp ts;
  base::LossReason reason{};
  std::uint64_t records = 0, bytes = 0;
  std::string_view session_id;
};

struct HealthRecord {  // ready, periodic counters, end summary
  base::Timestamp ts;
  std::string_view status;  // ready running ended
  base::Ledger ledger;
  std::uint64_t messages = 0, calls = 0, sessions = 0, streams = 0;
  std::vector<std::pair<std::string, std::string>> capabilities;  // name -> "yes" or why not
};

using Record =
    std::variant<MessageRecord, CallRecord, InventoryRecord, FindingRecord, ProcessRecord, LossRecord, HealthRecord>;

class RecordListener {
 public:
  virtual ~RecordListener() = default;
  virtual void on_record(const Record& r) = 0;
};

}  // namespace mcpvigil::session
