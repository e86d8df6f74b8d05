// SPDX-License-Identifier: Apache-2.0
#include "pipeline/conversation.h"

#include <algorithm>
#include <utility>

#include "frame/sniff.h"
#include "mcp/look_alike.h"
#include "mcpvigil/wire/sniff.h"

namespace mcpvigil::pipeline {

using base::SkipReason;
using base::Timestamp;
using frame::HttpSide;
using stream::Lane;
using State = mcp::Classifier::State;

namespace {

// "A few looks": what a stream may show before it is left alone. Banners of real servers are shorter.
constexpr std::uint32_t kMaxLooks = 12;
constexpr std::uint64_t kMaxLookedBytes = 32 * 1024;
constexpr std::uint32_t kMaxUndecidedFrames = 64;
constexpr std::size_t kMaxUrls = 4096;

// "host/path" without the query, in which sessions are told apart.
std::string url_of(std::string_view host, std::string_view target) {
  target = target.substr(0, target.find('?'));
  return std::string(host) + std::string(target);
}

bool message_start(base::Bytes b) {
  char start[MV_SNIFF_BYTES] = {};
  std::copy_n(b.data(), std::min<std::size_t>(b.size(), sizeof start), start);
  return mv_message_start(start) != 0;
}

}  // namespace

struct Conversation::LaneSink : frame::FrameListener {
  LaneSink(Conversation& c, Lane l) : conversation(c), lane(l) {}
  void on_frame(const frame::Frame& f) override { conversation.take_frame(lane, f); }
  void on_skip(SkipReason why, std::uint64_t n) override { conversation.skip(lane, why, n); }
  Conversation& conversation;
  Lane lane;
};

struct Conversation::HttpSink : frame::HttpListener {
  explicit HttpSink(Conversation& c) : conversation(c) {}
  void on_frame(const frame::Frame& f) override {
    conversation.take_frame(f.is_http_response ? stream::other(conversation.request_lane_) : conversation.request_lane_,
                            f);
  }
  void on_skip(SkipReason why, std::uint64_t n) override { conversation.skip(conversation.current_, why, n); }
  void on_request_head(const frame::HttpExchange& e, Timestamp) override {
    if (!e.protocol_version.empty() || !e.mcp_method.empty()) conversation.classifier_.observe_decisive();
    if (conversation.is_mcp()) conversation.decided();
  }
  void on_response_head(const frame::HttpExchange& e, Timestamp ts) override {
    if (conversation.is_mcp()) conversation.shared_.sessions->on_http_response_head(conversation.channel_, e, ts);
  }
  void on_exchange_end(const frame::HttpExchange& e, bool complete, Timestamp ts) override {
    if (conversation.is_mcp()) {
      conversation.shared_.sessions->on_http_exchange_end(conversation.channel_, e, complete, ts);
    } else {
      conversation.count_look({});
    }
  }
  Conversation& conversation;
};

Conversation::Conversation(Shared& shared, stream::Channel& channel) : shared_(shared), channel_(channel) {
  if (is_stdio_like()) shared_.undecided_pipes.emplace(channel_.id, this);
}

Conversation::~Conversation() {
  shared_.undecided_pipes.erase(channel_.id);
  leave_pair_evidence();
  if (announced_ && pair_) {
    if (const auto it = shared_.mcp_pairs.find(*pair_); it != shared_.mcp_pairs.end() && --it->second == 0)
      shared_.mcp_pairs.erase(it);
  }
}

bool Conversation::is_stdio_like() const {
  using event::FlowKind;
  return channel_.one_way || channel_.kind == FlowKind::kUnixStream || channel_.kind == FlowKind::kUnixSeqpacket;
}

std::optional<ProcessPair> Conversation::processes() const {
  for (const LaneState& l : lanes_) {
    if (l.sender.known() && l.receiver.known() && l.sender != l.receiver) {
      return ProcessPair{std::min(l.sender, l.receiver), std::max(l.sender, l.receiver)};
    }
  }
  return std::nullopt;
}

std::uint64_t Conversation::pending(Lane lane) const {
  const LaneState& l = lanes_[stream::index(lane)];
  std::uint64_t n = l.start.size() + l.held_bytes;
  if (l.ndjson) n += l.ndjson->buffered();
  if (http_) n += http_->buffered(lane == request_lane_ ? HttpSide::kRequests : HttpSide::kResponses);
  return n;
}

void Conversation::on_bytes(Lane lane, std::uint64_t pos, base::Bytes bytes, base::ProcessKey sender,
                            base::ProcessKey receiver, Timestamp ts) {
  LaneState& l = at(lane);
  if (sender.known()) l.sender = sender;
  if (receiver.known()) l.receiver = receiver;
  l.ts = ts;
  current_ = lane;
  take_bytes(lane, pos, bytes, ts);
  if (ignored_ && (lanes_[0].ndjson || lanes_[1].ndjson || http_))
    drop_framers(ts);  // nothing may come for a long time
}

void Conversation::take_bytes(Lane lane, std::uint64_t pos, base::Bytes bytes, Timestamp ts) {
  if (ignored_) {
    // Bytes on their way when we gave up, or a kernel that cannot ignore: the kernel's own rule, here.
    if (!message_start(bytes)) {
      skip(lane, ignored_as_, bytes.size());
      return;
    }
    begin_anew(ts);
    current_ = lane;
  }
  if (mode_ == Mode::kUnknown) {
    decide_framing(lane, pos, bytes, ts);
    return;
  }
  if (mode_ == Mode::kNdjson && classifier_.state() == State::kUnknown && held_.empty()) {
    // Text so far. A head of HTTP changes our mind; anything else is another look.
    const frame::Look look = frame::sniff(bytes);
    if (look == frame::Look::kHttpRequest || look == frame::Look::kHttpResponse) {
      drop_framers(ts);
      mode_ = Mode::kUnknown;
      decide_framing(lane, pos, bytes, ts);
      return;
    }
  }
  feed(lane, pos, bytes, ts);
  count_look(bytes);
}

void Conversation::decide_framing(Lane lane, std::uint64_t pos, base::Bytes bytes, Timestamp ts) {
  LaneState& l = at(lane);
  base::Bytes all = bytes;
  if (!l.start.empty()) {
    l.start.append(bytes);
    all = l.start.view();
    pos = l.start_pos;
  }
  frame::Look look = frame::sniff(all);
  if (look == frame::Look::kNeedMore && all.size() >= 256) look = frame::Look::kText;
  switch (look) {
    case frame::Look::kNeedMore:
      if (l.start.empty()) {
        l.start.append(bytes);
        l.start_pos = pos;
      }
      return;
    case frame::Look::kHttpRequest: become(Mode::kHttp1, lane); break;
    case frame::Look::kHttpResponse: become(Mode::kHttp1, stream::other(lane)); break;
    case frame::Look::kTls:
    case frame::Look::kHttp2:
    case frame::Look::kContentLength: {
      const SkipReason why = look == frame::Look::kTls     ? SkipReason::kTlsCiphertext
                             : look == frame::Look::kHttp2 ? SkipReason::kHttp2
                                                           : SkipReason::kNotMcp;
      for (const Lane each : {lane, stream::other(lane)}) {
        if (each == lane && l.start.empty()) skip(lane, why, bytes.size());
        skip(each, why, at(each).start.size());
        at(each).start.release();
      }
      become(Mode::kOpaque, lane);
      ignored_ = true;
      ignored_as_ = why;
      is_other();
      shared_.ignore(channel_.id);
      return;
    }
    case frame::Look::kJson:
    case frame::Look::kText: become(Mode::kNdjson, lane); break;
  }
  // Everything kept goes through the framer now: this lane's bytes, then what the other lane had.
  base::PaddedBuffer mine = std::move(l.start);
  l.start = {};
  feed(lane, pos, mine.empty() ? bytes : mine.view(), ts);
  if (LaneState& o = at(stream::other(lane)); !o.start.empty()) {
    base::PaddedBuffer theirs = std::move(o.start);
    o.start = {};
    feed(stream::other(lane), o.start_pos, theirs.view(), ts);
  }
  count_look(bytes);
}

void Conversation::become(Mode mode, Lane request_lane) {
  mode_ = mode;
  request_lane_ = request_lane;
  if (mode == Mode::kHttp1) {
    http_sink_ = std::make_unique<HttpSink>(*this);
    http_ = std::make_unique<frame::Http1Connection>(shared_.limits, *http_sink_);
  }
}

void Conversation::feed(Lane lane, std::uint64_t pos, base::Bytes bytes, Timestamp ts) {
  current_ = lane;
  if (mode_ == Mode::kHttp1) {
    http_->feed(lane == request_lane_ ? HttpSide::kRequests : HttpSide::kResponses, pos, bytes, ts);
    return;
  }
  LaneState& l = at(lane);
  if (!l.ndjson) {
    l.sink = std::make_unique<LaneSink>(*this, lane);
    l.ndjson = std::make_unique<frame::NdjsonFramer>(shared_.limits, *l.sink);
  }
  l.ndjson->feed(pos, bytes, ts);
}

void Conversation::take_frame(Lane lane, const frame::Frame& f) {
  if (std::exchange(at(lane).resumed, false) && f.after_gap) {
    frame::Frame whole = f;
    whole.after_gap = false;
    take_frame(lane, whole);
    return;
  }
  if (f.sse != nullptr && f.sse->event == "endpoint") {
    // HTTP+SSE of 2024-11-05: where the client will POST. Nothing else has such an event.
    classifier_.observe_decisive();
    decided();
    skip(lane, SkipReason::kProtocolFraming, f.wire_bytes);
    if (f.http != nullptr) {
      remember_url(f.http->host,
                   f.text.starts_with("http") ? f.text.substr(std::min(f.text.size(), f.text.find('/', 8))) : f.text);
      shared_.sessions->on_sse_endpoint(channel_, *f.http, f.text, f.last);
    }
    return;
  }
  if (!is_mcp()) {
    observe(f, lane);
    return;
  }
  const LaneState& l = at(lane);
  deliver(lane, f, l.sender, l.receiver, shared_.parser);
}

void Conversation::observe(const frame::Frame& f, Lane lane) {
  bool any = false;
  const SkipReason why = shared_.parser.parse(f.text, [&](const jsonrpc::Message& m) {
    any = true;
    const mcp::Operation op = mcp::decode(m);
    classifier_.observe(op);
    if (channel_.one_way && op.evidence == mcp::Evidence::kStrong && !is_mcp()) weigh_with_sibling(op);
  });
  if (any && f.http != nullptr && !is_mcp() &&
      (!f.http->session_id.empty() || !f.http->response_session_id.empty() || url_is_known(*f.http))) {
    classifier_.observe_decisive();
  }
  if (why == SkipReason::kNotJsonRpc && !any) {
    if (const auto root = shared_.parser.document()) classifier_.observe_look_alike(mcp::look_alike(*root).protocol);
  }
  if (any && !is_mcp() && is_stdio_like()) {
    if (const auto p = processes(); p && shared_.mcp_pairs.contains(*p)) classifier_.observe_decisive();
  }
  if (is_mcp()) {
    decided();
    if (f.http != nullptr && any) remember_url(f.http->host, f.http->target);
    const LaneState& l = at(lane);
    deliver(lane, f, l.sender, l.receiver, shared_.parser);
    return;
  }
  if (!any) {
    skip(lane, why == SkipReason::kCount ? SkipReason::kNotJsonRpc : why, f.wire_bytes);
  } else if (classifier_.state() == State::kOther) {
    skip(lane, SkipReason::kNotMcp, f.wire_bytes);
  } else {
    hold(lane, f);
  }
  if (classifier_.state() == State::kOther || ++undecided_frames_ > kMaxUndecidedFrames) give_up();
}

bool Conversation::url_is_known(const frame::HttpExchange& e) const {
  return shared_.mcp_urls.contains(url_of(e.host, e.target));
}

void Conversation::remember_url(std::string_view host, std::string_view target) {
  if (host.empty() || target.empty()) return;
  if (shared_.mcp_urls.size() >= kMaxUrls) shared_.mcp_urls.clear();  // learned again by the next decisive message
  shared_.mcp_urls.insert(url_of(host, target));
}

void Conversation::hold(Lane lane, const frame::Frame& f) {
  const LaneState& l = at(lane);
  if (held_total_ + f.text.size() > shared_.limits.max_pending ||
      (shared_.limits.budget != nullptr && !shared_.limits.budget->take(f.text.size()))) {
    // Undecided for this long: the oldest say least.
    skip(lane, SkipReason::kUndecided, f.wire_bytes);
    return;
  }
  HeldFrame h;
  h.lane = lane;
  h.text.reserve(f.text.size() + base::kPadding);
  h.text = f.text;
  h.frame = f;
  if (f.http != nullptr) h.http = *f.http;
  if (f.sse != nullptr) {
    h.sse_event = f.sse->event;
    h.sse_id = f.sse->id;
  }
  h.sender = l.sender;
  h.receiver = l.receiver;
  held_total_ += f.text.size();
  at(lane).held_bytes += f.wire_bytes;
  held_.push_back(std::move(h));
}

// Strong evidence wants a second, distinct mark. In a pair of pipes it may be in the other one.
void Conversation::weigh_with_sibling(const mcp::Operation& op) {
  const auto both = processes();
  if (!both || classifier_.state() == State::kOther) return;
  if (evidence_pair_ != both) {
    leave_pair_evidence();
    evidence_pair_ = both;
    ++shared_.pair_evidence[*both].pipes;
  }
  if (shared_.pair_evidence[*both].classifier.observe(op) == State::kMcp) classifier_.observe_decisive();
}

void Conversation::leave_pair_evidence() {
  if (!evidence_pair_) return;
  if (const auto it = shared_.pair_evidence.find(*evidence_pair_);
      it != shared_.pair_evidence.end() && --it->second.pipes == 0) {
    shared_.pair_evidence.erase(it);
  }
  evidence_pair_.reset();
}

void Conversation::is_other() {
  if (counted_other_ || announced_) return;
  counted_other_ = true;
  ++shared_.other_channels;
}

void Conversation::announce() {
  announced_ = true;
  ++shared_.mcp_channels;
  if (counted_other_) --shared_.other_channels;
  counted_other_ = false;
  shared_.undecided_pipes.erase(channel_.id);
  leave_pair_evidence();
  if (!is_stdio_like()) return;
  pair_ = processes();
  if (pair_) ++shared_.mcp_pairs[*pair_];
}

void Conversation::decided() {
  std::vector<Conversation*> told = {this};
  if (!announced_) {
    announce();
    // The answers travel in another pipe between the same two: what it held is MCP too. One that held nothing like a
    // message is decided when one comes.
    if (pair_) {
      for (const auto& [id, c] : shared_.undecided_pipes) {
        if (!c->held_.empty() && c->processes() == pair_) told.push_back(c);
      }
    }
    for (Conversation* c : told) {
      if (c == this) continue;
      c->classifier_.observe_decisive();
      c->announce();
    }
  }
  for (;;) {  // requests and answers in the order they went by
    Conversation* oldest = nullptr;
    for (Conversation* c : told) {
      if (c->held_.empty()) continue;
      if (oldest == nullptr || c->held_.front().frame.last < oldest->held_.front().frame.last) oldest = c;
    }
    if (oldest == nullptr) return;
    oldest->deliver_oldest_held();
  }
}

void Conversation::deliver_oldest_held() {
  HeldFrame h = std::move(held_.front());
  held_.pop_front();
  h.frame.text = h.text;
  const frame::SseEvent sse{h.sse_event, h.sse_id};
  h.frame.http = h.http ? &*h.http : nullptr;
  h.frame.sse = h.frame.sse != nullptr ? &sse : nullptr;
  at(h.lane).held_bytes -= h.frame.wire_bytes;
  held_total_ -= h.text.size();
  if (shared_.limits.budget != nullptr) shared_.limits.budget->give(h.text.size());
  deliver(h.lane, h.frame, h.sender, h.receiver, shared_.held_parser);
}

void Conversation::drop_held(SkipReason why) {
  for (const HeldFrame& h : held_) {
    at(h.lane).held_bytes -= h.frame.wire_bytes;
    skip(h.lane, why, h.frame.wire_bytes);
    held_total_ -= h.text.size();
    if (shared_.limits.budget != nullptr) shared_.limits.budget->give(h.text.size());
  }
  held_.clear();
}

void Conversation::deliver(Lane lane, const frame::Frame& f, base::ProcessKey sender, base::ProcessKey receiver,
                           jsonrpc::Parser& parser) {
  bool any = false;
  const SkipReason why = parser.parse(f.text, [&](const jsonrpc::Message& m) {
    const mcp::Operation op = mcp::decode(m);
    // Only where a line feed ends a message may parsers disagree about one inside: a body or an event may have several.
    std::optional<jsonrpc::Message> in_lines;
    if (f.framing != frame::Framing::kNdjson && (m.oddities & jsonrpc::kRawNewline) != 0) {
      in_lines = m;
      in_lines->oddities &= ~static_cast<std::uint32_t>(jsonrpc::kRawNewline);
    }
    session::Observed o;
    o.channel = &channel_;
    o.lane = lane;
    o.sender = sender;
    o.receiver = receiver;
    o.first = f.first;
    o.last = f.last;
    o.bytes = m.text.size();
    o.gap = f.after_gap && !any;
    o.framing = f.framing;
    o.http = f.http;
    o.is_http_response = f.is_http_response;
    o.sse = f.sse;
    o.message = in_lines ? &*in_lines : &m;
    o.operation = &op;
    any = true;
    shared_.sessions->on_message(o);
  });
  if (any) {
    ledger(lane).parsed += f.wire_bytes;
  } else {
    skip(lane, why == SkipReason::kCount ? SkipReason::kNotJsonRpc : why, f.wire_bytes);
  }
}

void Conversation::count_look(base::Bytes bytes) {
  if (is_mcp() || ignored_ || classifier_.state() == State::kCandidate || !held_.empty()) return;
  if (const auto p = is_stdio_like() ? processes() : std::nullopt; p && shared_.mcp_pairs.contains(*p)) return;
  ++looks_;
  looked_bytes_ += bytes.size();
  if (looks_ < kMaxLooks && looked_bytes_ < kMaxLookedBytes) return;
  // A message that is still coming in keeps the question open. Bytes beside it do not: in a flood of noise there is
  // always something that could be the start of one.
  const std::uint64_t waiting = pending(Lane::kAToB) + pending(Lane::kBToA);
  if (waiting != 0 && looked_bytes_ < waiting + kMaxLookedBytes && looked_bytes_ < shared_.limits.max_message) return;
  give_up();
}

void Conversation::give_up() {
  if (ignored_) return;
  drop_held(SkipReason::kNotMcp);
  ignored_ = true;
  ignored_as_ = SkipReason::kNotMcp;
  is_other();
  leave_pair_evidence();
  classifier_ = mcp::Classifier();
  undecided_frames_ = 0;
  shared_.ignore(channel_.id);
  // The framers are let go at the end of on_bytes: we may be inside one of their callbacks.
}

void Conversation::drop_framers(Timestamp ts) {
  for (const Lane lane : {Lane::kAToB, Lane::kBToA}) {
    LaneState& l = at(lane);
    current_ = lane;
    if (l.ndjson) l.ndjson->finish(ts);
    if (http_) http_->finish(lane == request_lane_ ? HttpSide::kRequests : HttpSide::kResponses, ts);
    l.ndjson.reset();
    l.sink.reset();
    skip(lane, SkipReason::kUndecided, l.start.size());
    l.start.release();
  }
  http_.reset();
  http_sink_.reset();
}

void Conversation::on_gap(Lane lane, std::uint64_t n, Timestamp ts) {
  LaneState& l = at(lane);
  current_ = lane;
  if (!l.start.empty()) {
    skip(lane, SkipReason::kUnfinished, l.start.size());
    l.start.release();
  }
  l.resumed = false;
  if (l.ndjson) l.ndjson->gap(n, ts);
  if (http_) http_->gap(lane == request_lane_ ? HttpSide::kRequests : HttpSide::kResponses, n, ts);
}

void Conversation::on_ignored(Lane lane, std::uint64_t n, Timestamp ts) {
  if (ignored_) {
    // The kernel found something that looks like a message start: begin anew.
    begin_anew(ts);
    return;
  }
  on_gap(lane, n, ts);
}

// After having been ignored. What the framers still hold is not continued by what comes now.
void Conversation::begin_anew(Timestamp ts) {
  drop_framers(ts);
  ignored_ = false;
  mode_ = Mode::kUnknown;
  looks_ = 0;
  looked_bytes_ = 0;
  if (!announced_) classifier_ = mcp::Classifier();
  for (LaneState& l : lanes_) l.resumed = true;
}

void Conversation::on_lane_end(Lane lane, Timestamp ts) {
  LaneState& l = at(lane);
  current_ = lane;
  if (!l.start.empty()) {
    skip(lane, SkipReason::kUndecided, l.start.size());
    l.start.release();
  }
  if (l.ndjson) l.ndjson->finish(ts);
  if (http_) http_->finish(lane == request_lane_ ? HttpSide::kRequests : HttpSide::kResponses, ts);
}

void Conversation::on_close(Timestamp ts) {
  drop_framers(ts);
  drop_held(SkipReason::kUndecided);
  if (announced_) shared_.sessions->on_channel_close(channel_, ts);
}

}  // namespace mcpvigil::pipeline
