// SPDX-License-Identifier: Apache-2.0
// PendingTable: requests that wait for their answer, found by (session, direction, id) and, on HTTP, exchange.
//
// Bounded over all sessions by age. A request that was answered for good in another way (cancelled) leaves a settled
// entry behind, so that a late answer still knows what it belongs to.
#pragma once
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "jsonrpc/message.h"
#include "mcp/operation.h"
#include "session/digest.h"
#include "session/peer.h"

namespace mcpvigil::session {

struct Session;

struct Pending {
  Session* session = nullptr;
  int from_end = 0;  // which end of the session asked
  jsonrpc::Id id;
  base::ChannelId channel{};
  std::uint64_t exchange = 0;  // HTTP exchange that carried the request; 0 otherwise
  std::uint64_t number = 0;    // order of arrival over all sessions
  base::Timestamp ts;
  std::string method, tool, prompt, uri, request_state, correlation, protocol_version;
  std::string transport_kind, framing;
  bool tls = false;
  mcp::Era era{};
  Peer from, to;  // outermost asker, innermost answerer
  std::vector<Peer> relays;
  std::uint64_t bytes = 0;
  std::uint32_t oddities = 0;
  bool gap = false;
  bool partial = false;          // coverage
  bool first_page = true;        // tools/list without a cursor
  bool settled = false;          // its CallRecord was given out
  std::optional<Digest> digest;  // of messages that were held: recognises a copy that comes after the hold
  std::list<Pending*>::iterator age;
  std::list<Pending>::iterator self;
};

// Ids are remembered: one longer than this is remembered by its hash.
inline constexpr std::size_t kMaxId = 1024;
[[nodiscard]] jsonrpc::Id bounded_id(const jsonrpc::Id& id);

class PendingTable {
 public:
  explicit PendingTable(std::size_t limit) : limit_(limit) {}

  // The oldest entry when there is no room for one more.
  [[nodiscard]] Pending* victim() const { return ages_.size() >= limit_ && !ages_.empty() ? ages_.front() : nullptr; }
  Pending& add(Session& s, Pending p);
  void erase(Pending& p);

  // The oldest unsettled first; the second form: exactly the request that this HTTP exchange carried.
  [[nodiscard]] Pending* find(const Session& s, int from_end, const jsonrpc::Id& id) const;
  [[nodiscard]] Pending* find(const Session& s, int from_end, const jsonrpc::Id& id, base::ChannelId channel,
                              std::uint64_t exchange) const;
  [[nodiscard]] std::size_t size() const { return ages_.size(); }

 private:
  struct Key {
    std::uint64_t session;
    int from_end;
    jsonrpc::Id id;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& k) const noexcept;
  };
  std::size_t limit_;
  std::uint64_t next_ = 1;
  std::list<Pending*> ages_;
  std::unordered_multimap<Key, Pending*, KeyHash> index_;
};

}  // namespace mcpvigil::session
