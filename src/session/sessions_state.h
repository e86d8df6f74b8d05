// SPDX-License-Identifier: Apache-2.0
// Sessions::State: the tables of this stage and the steps a message takes through them.
//
//   on_message -> HopHold -> deliver: resolve (which session) -> roles -> correlate -> records
//
// One file a step: sessions.cpp (events in), resolve.cpp, deliver.cpp, calls.cpp, http_events.cpp, emit.cpp,
// inventory_feed.cpp.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "session/hop_hold.h"
#include "session/inventory.h"
#include "session/party_table.h"
#include "session/pending.h"
#include "session/session_table.h"
#include "session/sessions.h"

namespace mcpvigil::session {

struct Sessions::State {
  State(SessionLimits l, Inventory* inv, RecordListener& listener);

  SessionLimits limits;
  std::unique_ptr<Inventory> own_inventory;  // in memory, when none was given
  Inventory* inventory;
  RecordListener& out;
  SessionCounters counters;
  PartyTable parties;
  SessionTable table;
  PendingTable calls;
  HopHold hold;
  base::Timestamp now;
  std::string scratch;  // a payload that had to be made

  // sessions.cpp
  void on_message(const Observed& o);
  void advance(base::Timestamp ts);
  void on_note(const event::ProcessNote& n);
  void close_idle();
  void close_session(Session& s, std::string_view outcome, base::Timestamp ts);
  Session& open_session(base::Timestamp ts, bool http, const Peer& a, const Peer& b);

  // resolve.cpp
  Binding resolve(const Logical& l);
  Binding resolve_stream(const Logical& l);
  Binding resolve_http(const Logical& l);
  Binding find_stream(LaneKey lane, bool pairs, const Peer& from, const Peer& to, const Observed& o);
  Session& http_session(const Logical& l, const Peer& client, const Peer& server);
  void adopt_session_id(Session& s, const frame::HttpExchange& e);
  void extend_ends(Session& s, int from_end, const Logical& l);
  bool absorb_late_copy(const Observed& o);

  // deliver.cpp
  void deliver(const Logical& l);
  void decide_roles(Session& s, int from_end, const Observed& o);
  void take_claims(Session& s, bool from_client, const Logical& l);
  void take_era(Session& s, const Observed& o);

  // calls.cpp
  Pending* find_request(const Observed& o, const Session& s, int from_end);
  Pending* expected_by(const Observed& o);  // before any session is touched
  void on_request(Session& s, int from_end, const Logical& l, MessageRecord& r);
  void on_notification(Session& s, int from_end, const Logical& l, MessageRecord& r);
  void on_answer(Session& s, int from_end, const Logical& l, MessageRecord& r);
  void emit_call(Pending& p, std::string_view outcome, base::Timestamp ts, std::uint64_t response_bytes,
                 std::int64_t error_code = 0, std::string_view error_message = {});
  void make_room_for_request();
  std::string correlation_for(Session& s, const mcp::Operation& op, int from_end);
  std::string next_correlation(Session& s);

  // http_events.cpp
  void on_response_head(const stream::Channel& c, const frame::HttpExchange& e, base::Timestamp ts);
  void on_exchange_end(const stream::Channel& c, const frame::HttpExchange& e, bool complete, base::Timestamp ts);
  void on_sse_endpoint(const stream::Channel& c, const frame::HttpExchange& e, std::string_view endpoint,
                       base::Timestamp ts);

  // emit.cpp
  PartyView view(const Session& s, const Peer& p, bool is_client) const;
  PartyView hop_view(const Peer& p) const;
  void fill(MessageRecord& r, Session& s, const Logical& l, bool from_client);
  void finding(Session& s, base::Timestamp ts, std::string_view kind, std::string_view severity, std::string_view key,
               const std::string& detail, std::string_view correlation = {});
  void message_findings(Session& s, const Logical& l, const MessageRecord& r);
  void identify(Session& s);
  void keep_party(Session& s, const Peer& p, base::Timestamp ts);
  void process_record(base::ProcessKey p, base::Timestamp ts, std::string_view what, std::string_view coverage,
                      std::string_view reason);

  // inventory_feed.cpp
  void feed_parties(Session& s, const MessageRecord& r);
  void feed_tools(Session& s, const Pending* request, const Observed& o);
  void feed_call(Session& s, const Pending& p, base::Timestamp ts);
  void feed_session(const Session& s, bool closed);
};

}  // namespace mcpvigil::session
