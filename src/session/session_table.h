// SPDX-License-Identifier: Apache-2.0
// Session: what is remembered of one conversation. SessionTable: all of them, and the ways to find one.
//
// Found by lane (streams), by HTTP exchange, by a key text (HTTP session id, SSE endpoint, synthesised conversation)
// or by process (the other pipe of a pair). Ordered by last use; the least recently used is given up when full.
#pragma once
#include <array>
#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "session/links.h"
#include "session/peer.h"
#include "session/pending.h"
#include "session/server_identity.h"

namespace mcpvigil::session {

// How sure we are which end is the client.
enum class RoleProof : std::uint8_t { kGuess, kDecisive, kTransport };

struct Session {
  std::uint64_t number = 0;  // counted up from 1
  std::string id;            // "s-" + 8 hex
  bool http = false;
  std::array<Peer, 2> end;  // outermost ends; HTTP: 0 asks, 1 serves
  int client_end = 0;
  RoleProof role = RoleProof::kGuess;
  std::string client_name, client_version, server_name, server_version;  // claims
  mcp::Era era{};
  bool initialized = false;  // a legacy handshake was seen
  bool answered = false;     // both directions were seen
  std::string protocol_version;
  std::string scheme, authority, path;  // HTTP: of the endpoint
  ServerIdentity server;
  Facts identity_facts;  // what `server` was made from
  bool has_identity = false;
  bool conversation = false;  // synthesised: ends after an idle gap
  base::Timestamp opened, last;
  std::uint64_t messages = 0, calls = 0;
  std::uint64_t next_correlation = 1;
  std::list<Pending> pending;  // in order of arrival
  Links links;
  std::vector<Peer> relays;                   // last chain seen, from client to server
  std::vector<std::uint64_t> findings;        // what was already said
  std::set<std::string, std::less<>> listed;  // tools of the pages seen so far
  bool listing = false;                       // ... and they began with the first page
  std::vector<base::ProcessKey> pinned;
  std::vector<base::ChannelId> channels;                             // open ones with a lane of ours
  std::vector<std::pair<base::ChannelId, std::uint64_t>> exchanges;  // HTTP: those under way
  std::vector<std::string> keys;
  std::string agent_key;  // last agent told to the inventory
  [[nodiscard]] const Peer& client() const { return end[static_cast<std::size_t>(client_end)]; }
  [[nodiscard]] const Peer& server_peer() const { return end[static_cast<std::size_t>(1 - client_end)]; }
};

// A lane or exchange tied to a session; sender_end: which end's bytes it carries.
struct Binding {
  Session* session = nullptr;
  int sender_end = 0;
};

class SessionTable {
 public:
  // Room must have been made: see victim().
  Session& open(base::Timestamp ts, bool http, const Peer& a, const Peer& b);
  void touch(Session& s, base::Timestamp ts);
  void erase(Session& s);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  [[nodiscard]] Session& oldest() { return sessions_.front(); }
  // Least recently used first.
  [[nodiscard]] std::list<Session>& all() { return sessions_; }

  [[nodiscard]] Binding lane(LaneKey k) const;
  void bind_lane(LaneKey k, Session& s, int sender_end);
  [[nodiscard]] Binding exchange(base::ChannelId c, std::uint64_t exchange) const;
  void bind_exchange(base::ChannelId c, std::uint64_t exchange, Session& s);
  void end_exchange(base::ChannelId c, std::uint64_t exchange);
  // Forgets the channel; gives the stream sessions that have no open channel left, oldest first.
  std::vector<Session*> close_channel(base::ChannelId c);
  // A lane of the session that carries this end's bytes.
  [[nodiscard]] bool has_lane_from(const Session& s, int end) const;
  // Swaps two sessions' lanes that carry `end_of_s`'s bytes: one-way pipes were paired the wrong way round.
  void swap_lanes(Session& s, int end_of_s, Session& t, int end_of_t);

  [[nodiscard]] Session* by_key(std::string_view key) const;
  void set_key(std::string key, Session& s);  // taken over from its present owner, if any
  void drop_key(std::string_view key, Session& s);

  // Stream sessions with this process at an end, oldest first.
  [[nodiscard]] const std::vector<Session*>& of_process(base::ProcessKey p) const;
  void set_end(Session& s, int end, const Peer& p);

 private:
  struct ChannelLinks {
    std::array<Binding, 2> lanes;
    std::vector<std::pair<std::uint64_t, Session*>> exchanges;  // a few; HTTP/2 at most some hundred
  };
  void index_process(base::ProcessKey p, Session& s);
  void unindex_process(base::ProcessKey p, Session& s);
  void recount_channels(Session& s, base::ChannelId c);

  std::list<Session> sessions_;
  std::uint64_t next_number_ = 1;
  std::uint64_t seed_ = 0;
  std::unordered_map<std::uint64_t, ChannelLinks> channels_;
  std::unordered_map<std::string, Session*> keys_;
  std::unordered_map<base::ProcessKey, std::vector<Session*>> processes_;
  std::unordered_map<const Session*, std::list<Session>::iterator> where_;
};

}  // namespace mcpvigil::session
