// SPDX-License-Identifier: Apache-2.0
// Conversation: one channel, from bytes to MCP messages: which framing, which framers, is it MCP at all.
//
// Undecided, it keeps what it saw (at most limits.max_pending bytes) and gives it out in order once the channel is
// known to be MCP; decided to be something else, it asks that the channel be ignored and keeps nothing. It fills the
// channel's ledger with what became of every byte it was given.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/memory_budget.h"
#include "frame/http1_connection.h"
#include "frame/ndjson_framer.h"
#include "jsonrpc/message.h"
#include "mcp/operation.h"
#include "session/sessions.h"
#include "stream/channel.h"

namespace mcpvigil::pipeline {

class Conversation;
using ProcessPair = std::pair<base::ProcessKey, base::ProcessKey>;  // the smaller first

// What all conversations of a pipeline share. Owned by the pipeline; outlives them.
struct Shared {
  base::StreamLimits limits;
  session::Sessions* sessions = nullptr;
  std::function<void(base::ChannelId)> ignore;  // the channel is not MCP
  jsonrpc::Parser parser;                       // of the frame at hand
  jsonrpc::Parser held_parser;                  // of frames held from before, while the one at hand is still in use
  std::map<ProcessPair, int> mcp_pairs;         // processes that speak MCP over pipes, with how many pipes
  std::map<base::ChannelId, Conversation*> undecided_pipes;
  // Two processes that were met in mid-stream: the request goes through one pipe and its answer through another, and only
  // both together say that it is MCP.
  struct PairEvidence {
    mcp::Classifier classifier;
    int pipes = 0;
  };
  std::map<ProcessPair, PairEvidence> pair_evidence;
  std::set<std::string> mcp_urls;  // host and path where MCP was spoken: the next connection there needs no proof
  std::uint64_t mcp_channels = 0, other_channels = 0;  // of those met: each in one of them, by the last verdict
};

class Conversation {
 public:
  Conversation(Shared& shared, stream::Channel& channel);
  ~Conversation();
  Conversation(const Conversation&) = delete;

  void on_bytes(stream::Lane lane, std::uint64_t pos, base::Bytes bytes, base::ProcessKey sender,
                base::ProcessKey receiver, base::Timestamp ts);
  void on_gap(stream::Lane lane, std::uint64_t n, base::Timestamp ts);
  void on_ignored(stream::Lane lane, std::uint64_t n, base::Timestamp ts);
  void on_lane_end(stream::Lane lane, base::Timestamp ts);
  void on_close(base::Timestamp ts);
  [[nodiscard]] bool is_mcp() const { return classifier_.state() == mcp::Classifier::State::kMcp; }
  // Bytes given to us and not accounted for yet.
  [[nodiscard]] std::uint64_t pending(stream::Lane lane) const;
  [[nodiscard]] std::optional<ProcessPair> processes() const;

 private:
  enum class Mode : std::uint8_t { kUnknown, kNdjson, kHttp1, kOpaque };
  struct LaneSink;  // a framer's listener that knows its lane
  struct HttpSink;
  struct LaneState {
    base::PaddedBuffer start;  // too few bytes to say anything yet
    std::uint64_t start_pos = 0;
    base::ProcessKey sender, receiver;
    std::unique_ptr<LaneSink> sink;
    std::unique_ptr<frame::NdjsonFramer> ndjson;
    std::uint64_t held_bytes = 0;
    base::Timestamp ts;
    bool resumed = false;  // taken up again: the bytes before were left out by order, not lost
  };
  struct HeldFrame {
    stream::Lane lane{};
    std::string text;
    frame::Frame frame;
    std::optional<frame::HttpExchange> http;
    std::string sse_event, sse_id;
    base::ProcessKey sender, receiver;
  };

  LaneState& at(stream::Lane l) { return lanes_[stream::index(l)]; }
  base::Ledger& ledger(stream::Lane l) { return channel_.ledger[stream::index(l)]; }
  void skip(stream::Lane l, base::SkipReason why, std::uint64_t n) { ledger(l).skip(why, n); }

  void take_bytes(stream::Lane lane, std::uint64_t pos, base::Bytes bytes, base::Timestamp ts);
  void decide_framing(stream::Lane lane, std::uint64_t pos, base::Bytes bytes, base::Timestamp ts);
  void become(Mode mode, stream::Lane request_lane);
  void feed(stream::Lane lane, std::uint64_t pos, base::Bytes bytes, base::Timestamp ts);
  void take_frame(stream::Lane lane, const frame::Frame& f);
  void observe(const frame::Frame& f, stream::Lane lane);
  void deliver(stream::Lane lane, const frame::Frame& f, base::ProcessKey sender, base::ProcessKey receiver,
               jsonrpc::Parser& parser);
  void hold(stream::Lane lane, const frame::Frame& f);
  void decided();
  void announce();
  void deliver_oldest_held();
  void weigh_with_sibling(const mcp::Operation& op);
  void leave_pair_evidence();
  void is_other();
  void drop_held(base::SkipReason why);
  void give_up();
  [[nodiscard]] bool is_stdio_like() const;  // answers may travel in another channel between the same two processes
  void count_look(base::Bytes bytes);
  [[nodiscard]] bool url_is_known(const frame::HttpExchange& e) const;
  void remember_url(std::string_view host, std::string_view target);
  void drop_framers(base::Timestamp ts);
  void begin_anew(base::Timestamp ts);

  Shared& shared_;
  stream::Channel& channel_;
  Mode mode_ = Mode::kUnknown;
  stream::Lane request_lane_ = stream::Lane::kAToB;
  stream::Lane current_ = stream::Lane::kAToB;  // the lane being fed: HTTP's skips belong to it
  std::array<LaneState, 2> lanes_;
  std::unique_ptr<HttpSink> http_sink_;
  std::unique_ptr<frame::Http1Connection> http_;
  mcp::Classifier classifier_;
  std::deque<HeldFrame> held_;
  std::uint64_t held_total_ = 0;
  std::uint32_t looks_ = 0;  // chunks without anything like a message
  std::uint64_t looked_bytes_ = 0;
  std::uint32_t undecided_frames_ = 0;
  bool ignored_ = false;    // we asked; bytes may still be on their way
  bool announced_ = false;  // counted as MCP
  bool counted_other_ = false;
  base::SkipReason ignored_as_ = base::SkipReason::kNotMcp;
  std::optional<ProcessPair> pair_, evidence_pair_;
};

}  // namespace mcpvigil::pipeline
