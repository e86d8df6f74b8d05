// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <map>
#include <variant>

#include "pipeline/conversation.h"

namespace mcpvigil::pipeline {

namespace {

// The source counts these itself and says so by event::Lost; telling the gap they left would count the bytes twice.
bool told_by_the_source(base::LossReason why) {
  using enum base::LossReason;
  return why == kRingFull || why == kUserCopy || why == kCallTooLarge || why == kQueueFull || why == kRecordingCut;
}

}  // namespace

struct Pipeline::State : stream::StreamListener {
  State(const PipelineLimits& limits, session::RecordListener& listener, stream::CopyControl* control,
        session::Inventory* inventory)
      : budget(limits.max_total),
        out(listener),
        sessions(limits.session, inventory, listener),
        assembler({{limits.max_message, limits.max_pending, &budget}, limits.max_flows}, *this, control) {
    shared.limits = {limits.max_message, limits.max_pending, &budget};
    shared.sessions = &sessions;
    shared.ignore = [this](base::ChannelId id) { assembler.ignore(id); };
  }

  struct Open {
    stream::Channel* channel;
    std::unique_ptr<Conversation> conversation;
  };

  void on_open(stream::Channel& c, base::Timestamp) override {
    ++channels;
    open.emplace(c.id, Open{&c, std::make_unique<Conversation>(shared, c)});
  }
  void on_bytes(stream::Channel& c, stream::Lane lane, std::uint64_t pos, base::Bytes bytes, base::ProcessKey sender,
                base::ProcessKey receiver, base::Timestamp ts) override {
    conversation(c).on_bytes(lane, pos, bytes, sender, receiver, ts);
  }
  void on_gap(stream::Channel& c, stream::Lane lane, std::uint64_t n, base::LossReason why,
              base::Timestamp ts) override {
    Conversation& conv = conversation(c);
    conv.on_gap(lane, n, ts);
    if (conv.is_mcp() && !told_by_the_source(why)) out.on_record(session::LossRecord{ts, why, 0, n, {}});
  }
  void on_ignored(stream::Channel& c, stream::Lane lane, std::uint64_t n, base::Timestamp ts) override {
    conversation(c).on_ignored(lane, n, ts);
  }
  void on_lane_end(stream::Channel& c, stream::Lane lane, base::Timestamp ts) override {
    conversation(c).on_lane_end(lane, ts);
  }
  void on_close(stream::Channel& c, base::Timestamp ts) override {
    conversation(c).on_close(ts);
    for (const base::Ledger& l : c.ledger) closed += l;
    open.erase(c.id);
  }
  Conversation& conversation(const stream::Channel& c) { return *open.at(c.id).conversation; }

  base::MemoryBudget budget;
  session::RecordListener& out;
  session::Sessions sessions;
  Shared shared;
  std::map<base::ChannelId, Open> open;
  base::Ledger closed;
  std::uint64_t channels = 0;
  base::Timestamp now;
  stream::StreamAssembler assembler;  // last: it calls back while it is destroyed
};

Pipeline::Pipeline(const PipelineLimits& limits, session::RecordListener& out, stream::CopyControl* control,
                   session::Inventory* inventory)
    : s_(std::make_unique<State>(limits, out, control, inventory)) {}
Pipeline::~Pipeline() = default;

base::Timestamp Pipeline::now() const { return s_->now; }

void Pipeline::on_event(const event::Event& e) {
  State& s = *s_;
  if (const base::Timestamp ts = event::time_of(e); ts > s.now) s.now = ts;
  // Who is who first: the bytes that follow are theirs.
  if (const auto* f = std::get_if<event::ProcessFacts>(&e)) s.sessions.on_facts(*f);
  if (const auto* f = std::get_if<event::ProcessFork>(&e)) s.sessions.on_fork(*f);
  s.assembler.on_event(e);
  if (const auto* x = std::get_if<event::ProcessExit>(&e)) s.sessions.on_exit(*x);
  if (const auto* n = std::get_if<event::ProcessNote>(&e)) s.sessions.on_note(*n);
  if (const auto* l = std::get_if<event::Lost>(&e))
    s.out.on_record(session::LossRecord{l->ts, l->reason, l->records, l->bytes, {}});
  if (std::holds_alternative<event::Tick>(e)) s.sessions.tick(s.now);
}

void Pipeline::finish() {
  s_->assembler.finish(s_->now);
  s_->sessions.finish(s_->now);
}

PipelineStats Pipeline::stats() const {
  const State& s = *s_;
  PipelineStats out;
  out.ledger = s.closed;
  for (const auto& [id, o] : s.open) {
    bool in_true = true;
    for (const stream::Lane lane : {stream::Lane::kAToB, stream::Lane::kBToA}) {
      const base::Ledger& l = o.channel->ledger[stream::index(lane)];
      const std::uint64_t waiting = s.assembler.held(id, lane) + o.conversation->pending(lane);
      out.ledger += l;
      out.waiting += waiting;
      in_true = in_true && l.pending() == waiting;
    }
    if (!in_true) ++out.out_of_true;
  }
  out.channels = s.channels;
  out.mcp_channels = s.shared.mcp_channels;
  out.other_channels = s.shared.other_channels;
  out.buffered = s.budget.used();
  out.buffered_peak = s.budget.peak();
  out.session = s.sessions.counters();
  out.stream = s.assembler.stats();
  return out;
}

}  // namespace mcpvigil::pipeline
