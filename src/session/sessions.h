// SPDX-License-Identifier: Apache-2.0
// Sessions: who talks to whom about what. MCP messages in, records out.
//
// Joins the channels of one conversation (a client's two pipes; HTTP connections that share a session id; the two
// connections of HTTP+SSE), synthesises conversations where the protocol has none, says which end is the client,
// pairs answers with requests, collapses hops, and feeds the inventory. One thread, event time only, bounded tables:
// what is dropped is counted. Same input, same records, byte for byte.
#pragma once
#include <memory>

#include "event/event.h"
#include "frame/frame.h"
#include "frame/http1_connection.h"
#include "jsonrpc/message.h"
#include "mcp/operation.h"
#include "session/record.h"
#include "stream/channel.h"

namespace mcpvigil::session {

// One MCP message as the pipeline saw it. Everything is borrowed for the duration of the call.
struct Observed {
  const stream::Channel* channel = nullptr;
  stream::Lane lane{};
  base::ProcessKey sender, receiver;  // processes that moved these bytes; unknown() where not seen
  base::Timestamp first, last;        // of the message's bytes
  std::uint64_t bytes = 0;            // length of the message's JSON text
  bool gap = false;                   // bytes were missing just before it
  frame::Framing framing{};
  const frame::HttpExchange* http = nullptr;
  bool is_http_response = false;
  const frame::SseEvent* sse = nullptr;
  const jsonrpc::Message* message = nullptr;
  const mcp::Operation* operation = nullptr;
};

struct SessionLimits {
  std::size_t max_sessions = 65536;
  std::size_t max_pending_requests = 65536;                  // in all; the oldest is closed as `evicted` when full
  std::uint64_t conversation_idle_ns = 300ULL * 1000000000;  // stateless: a new conversation after this much silence
  std::uint64_t hop_hold_ns = 100ULL * 1000000;              // how long a first message waits for its next hop
};

class Inventory;  // session/inventory.h

// What happened so far; for metrics and the health record.
struct SessionCounters {
  std::uint64_t messages = 0, calls = 0, findings = 0;
  std::uint64_t sessions_opened = 0, sessions_evicted = 0, requests_evicted = 0;
  std::uint64_t unmatched_answers = 0;
  std::uint64_t relay_copies = 0;         // messages that were another copy of one already told
  std::uint64_t findings_suppressed = 0;  // said before in the same session
};

class Sessions {
 public:
  // `out` and `inventory` outlive this; with a null inventory what is known lives in memory only.
  Sessions(SessionLimits limits, Inventory* inventory, RecordListener& out);
  ~Sessions();

  void on_facts(const event::ProcessFacts& f);
  void on_fork(const event::ProcessFork& f);
  void on_exit(const event::ProcessExit& e);
  void on_message(const Observed& m);
  // HTTP heads without a message: an SSE stream opened, DELETE of a session, an exchange that ended early.
  void on_http_response_head(const stream::Channel& c, const frame::HttpExchange& e, base::Timestamp ts);
  void on_http_exchange_end(const stream::Channel& c, const frame::HttpExchange& e, bool complete, base::Timestamp ts);
  // SSE `endpoint` of HTTP+SSE (2024-11-05): where the client will POST.
  void on_sse_endpoint(const stream::Channel& c, const frame::HttpExchange& e, base::Bytes endpoint,
                       base::Timestamp ts);
  void on_channel_close(const stream::Channel& c, base::Timestamp ts);
  void on_note(const event::ProcessNote& n);
  void tick(base::Timestamp now);
  // The source ended: everything held is given out, pending calls are closed as `unanswered`.
  void finish(base::Timestamp now);

  [[nodiscard]] SessionCounters counters() const;
  [[nodiscard]] std::size_t live_sessions() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::session
