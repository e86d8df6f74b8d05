// SPDX-License-Identifier: Apache-2.0
#include "session/sessions.h"

#include <utility>

#include "session/sessions_state.h"

namespace mcpvigil::session {
namespace {

bool is_answer(jsonrpc::Kind k) { return k == jsonrpc::Kind::kResponse || k == jsonrpc::Kind::kError; }

// Only one end's word for it: the other end of an HTTP session with an id may be anywhere, so it is kept much longer
// than a synthesised conversation, but not for ever (many clients never send DELETE).
constexpr std::uint64_t kSessionIdleFactor = 12;

std::unique_ptr<Inventory> memory_inventory() {
  auto made = Inventory::open(":memory:");
  return made ? std::move(*made) : nullptr;  // fails only without memory; then there is no inventory
}

}  // namespace

Sessions::State::State(SessionLimits l, Inventory* inv, RecordListener& listener)
    : limits(l),
      own_inventory(inv == nullptr ? memory_inventory() : nullptr),
      inventory(inv == nullptr ? own_inventory.get() : inv),
      out(listener),
      calls(l.max_pending_requests),
      hold(l.hop_hold_ns, [this](const Logical& m) { deliver(m); }) {}

Session& Sessions::State::open_session(base::Timestamp ts, bool http, const Peer& a, const Peer& b) {
  while (table.size() >= limits.max_sessions && table.size() != 0) {
    ++counters.sessions_evicted;
    close_session(table.oldest(), "evicted", ts);
  }
  ++counters.sessions_opened;
  return table.open(ts, http, a, b);
}

void Sessions::State::close_session(Session& s, std::string_view outcome, base::Timestamp ts) {
  while (!s.pending.empty()) {
    Pending& p = s.pending.front();
    if (!p.settled) emit_call(p, outcome, ts, 0);
    calls.erase(p);
  }
  if (s.messages != 0) feed_session(s, true);
  for (base::ProcessKey p : s.pinned) parties.unpin(p);
  table.erase(s);
}

void Sessions::State::advance(base::Timestamp ts) {
  if (ts > now) now = ts;
  hold.expire(now);
  if (inventory != nullptr) inventory->tick(now);
}

void Sessions::State::close_idle() {
  auto& all = table.all();
  for (auto it = all.begin(); it != all.end();) {
    Session& s = *it++;
    std::uint64_t idle = now.ns - s.last.ns;
    if (idle <= limits.conversation_idle_ns) break;  // ordered by last use: the rest is younger
    bool over = s.http ? s.exchanges.empty() && s.channels.empty() &&
                             (s.conversation || idle > limits.conversation_idle_ns * kSessionIdleFactor)
                       : s.channels.empty();
    if (over) close_session(s, "unanswered", now);
  }
}

void Sessions::State::on_message(const Observed& o) {
  advance(o.last);
  if (hold.absorb(o)) {
    ++counters.relay_copies;
    return;
  }
  if (absorb_late_copy(o)) {
    ++counters.relay_copies;
    return;
  }
  const LaneKey lane = lane_of(o);
  bool wait = o.http == nullptr && hold.may_relay(lane);
  base::ProcessKey home;
  if (is_answer(o.message->kind)) {
    hold.release_answered(o);
    if (const Pending* request = expected_by(o); request != nullptr) {
      home = request->from.process;
      Peer to = receiver_of(o);
      bool arrived = !to.process.known() || !home.known() || to.process == home;
      // The answer of a relayed request is on its way back through the relays, whatever carries it.
      wait = !arrived && (wait || !request->relays.empty());
    }
  }
  if (wait) {
    hold.keep(o, home);
    return;
  }
  hold.flush(lane);
  if (o.http == nullptr) hold.passed(lane);
  Peer from = sender_of(o), to = receiver_of(o);
  deliver(Logical{&o, from, to, {}, {&lane, 1}, std::nullopt});
}

Sessions::Sessions(SessionLimits limits, Inventory* inventory, RecordListener& out)
    : s_(std::make_unique<State>(limits, inventory, out)) {}
Sessions::~Sessions() = default;

void Sessions::on_facts(const event::ProcessFacts& f) { s_->parties.on_facts(f); }
void Sessions::on_fork(const event::ProcessFork& f) { s_->parties.on_fork(f); }

void Sessions::on_exit(const event::ProcessExit& e) {
  s_->advance(e.ts);
  if (s_->parties.on_exit(e.process)) s_->process_record(e.process, e.ts, "ended", {}, {});
}

void Sessions::on_message(const Observed& m) { s_->on_message(m); }

void Sessions::on_http_response_head(const stream::Channel& c, const frame::HttpExchange& e, base::Timestamp ts) {
  s_->advance(ts);
  s_->on_response_head(c, e, ts);
}
void Sessions::on_http_exchange_end(const stream::Channel& c, const frame::HttpExchange& e, bool complete,
                                    base::Timestamp ts) {
  s_->advance(ts);
  s_->on_exchange_end(c, e, complete, ts);
}
void Sessions::on_sse_endpoint(const stream::Channel& c, const frame::HttpExchange& e, base::Bytes endpoint,
                               base::Timestamp ts) {
  s_->advance(ts);
  s_->on_sse_endpoint(c, e, endpoint, ts);
}

void Sessions::on_channel_close(const stream::Channel& c, base::Timestamp ts) {
  s_->advance(ts);
  s_->hold.flush(c);
  s_->hold.forget(c.id);
  for (Session* s : s_->table.close_channel(c.id)) {
    // A request still open: its answer may come by a pipe we have not met yet. Closed when idle, or at the end.
    bool waits = false;
    for (const Pending& p : s->pending) waits |= !p.settled;
    if (!s->http && !(waits && !s->answered)) s_->close_session(*s, "unanswered", ts);
  }
}

void Sessions::on_note(const event::ProcessNote& n) {
  s_->advance(n.ts);
  s_->on_note(n);
}

void Sessions::tick(base::Timestamp now) {
  s_->advance(now);
  s_->close_idle();
}

void Sessions::finish(base::Timestamp now) {
  s_->advance(now);
  s_->hold.flush_all();
  while (s_->table.size() != 0) s_->close_session(s_->table.oldest(), "unanswered", s_->now);
  // A failed write is counted by the inventory's own next try, or by its destructor.
  if (s_->inventory != nullptr) (void)s_->inventory->flush();
}

SessionCounters Sessions::counters() const { return s_->counters; }
std::size_t Sessions::live_sessions() const { return s_->table.size(); }

}  // namespace mcpvigil::session
