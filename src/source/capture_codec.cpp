// SPDX-License-Identifier: Apache-2.0
#include "source/capture_codec.h"

#include <cstdlib>
#include <utility>

#include "source/little_endian.h"

namespace mcpvigil::source {

using base::Bytes;
using base::FlowId;
using base::LossReason;
using base::ProcessKey;
using base::Timestamp;
using capture_format::Tag;
using event::Way;

// On disk: pinned here because their own headers do not number them.
static_assert(std::to_underlying(LossReason::kRingFull) == 0 && std::to_underlying(LossReason::kUserCopy) == 1 &&
              std::to_underlying(LossReason::kCallTooLarge) == 2 && std::to_underlying(LossReason::kQueueFull) == 3 &&
              std::to_underlying(LossReason::kStreamGap) == 4 && std::to_underlying(LossReason::kBlindReader) == 5 &&
              std::to_underlying(LossReason::kEvicted) == 6 && std::to_underlying(LossReason::kRecordingCut) == 7 &&
              std::to_underlying(LossReason::kBlindWriter) == 8);

namespace {

// What a process's facts may hold; event.h promises less, a hostile file may claim more.
constexpr std::uint32_t kMaxArguments = 4096;

struct Encoder {
  std::string& out;
  std::size_t at = 0;  // of fixed_length

  void begin() {
    at = out.size();
    put<std::uint16_t>(out, 0);
  }
  void end_fixed(std::size_t expected) {
    const std::size_t n = out.size() - at - 2;
    if (n != expected) std::abort();  // a layout and its documented size differ: a bug of this file, met by any test
    put_at(out.data() + at, static_cast<std::uint16_t>(n));
  }
  template <typename T>
  void number(T v) {
    put(out, v);
  }
  void u8(std::uint8_t v) { put(out, v); }
  void u16(std::uint16_t v) { put(out, v); }
  void u32(std::uint32_t v) { put(out, v); }
  void u64(std::uint64_t v) { put(out, v); }
  void ts(Timestamp t) { u64(t.ns); }
  void flow(FlowId f) { u64(std::to_underlying(f)); }
  void process(const ProcessKey& p) {
    u32(p.pid);
    u64(p.start_ns);
  }
  void reason(LossReason r) { u8(r == LossReason::kCount ? capture_format::kNoReason : std::to_underlying(r)); }
  void tail(Bytes b) {
    u32(static_cast<std::uint32_t>(b.size()));
    out.append(b);
  }

  Encoded operator()(const event::FlowOpen& e) {
    begin();
    ts(e.ts), flow(e.flow), u64(e.inode), u64(e.peer_inode), flow(e.tls_socket), u32(e.netns);
    u8(std::to_underlying(e.kind));
    u8(static_cast<std::uint8_t>((e.is_tls_server ? 1 : 0) | (e.from_snapshot ? 2 : 0)));
    u8(e.local.family), u8(e.remote.family), u16(e.local.port), u16(e.remote.port);
    out.append(reinterpret_cast<const char*>(e.local.ip.data()), e.local.ip.size());
    out.append(reinterpret_cast<const char*>(e.remote.ip.data()), e.remote.ip.size());
    end_fixed(capture_format::kFlowOpenFixed);
    tail(e.path);
    return {Tag::kFlowOpen, {}};
  }
  Encoded operator()(const event::FlowData& e) {
    begin();
    ts(e.ts), flow(e.flow), process(e.actor), u32(e.tid), u64(e.pos), u64(e.len);
    u8(std::to_underlying(e.way)), reason(e.missing), u16(0);
    end_fixed(capture_format::kFlowDataFixed);
    u32(static_cast<std::uint32_t>(e.payload.size()));
    return {Tag::kFlowData, e.payload};
  }
  Encoded operator()(const event::FlowActor& e) {
    begin();
    ts(e.ts), flow(e.flow), process(e.actor), u64(e.pos), u8(std::to_underlying(e.way)), u8(0), u16(0);
    end_fixed(capture_format::kFlowActorFixed);
    return {Tag::kFlowActor, {}};
  }
  Encoded operator()(const event::FlowSkipped& e) {
    begin();
    ts(e.ts), flow(e.flow), u64(e.pos), u64(e.len), u8(std::to_underlying(e.way)), u8(0), u16(0);
    end_fixed(capture_format::kFlowSkippedFixed);
    return {Tag::kFlowSkipped, {}};
  }
  Encoded operator()(const event::FlowHolder& e) {
    begin();
    ts(e.ts), flow(e.flow), process(e.holder), u8(e.can_read), u8(e.can_write), u16(0);
    end_fixed(capture_format::kFlowHolderFixed);
    return {Tag::kFlowHolder, {}};
  }
  Encoded operator()(const event::FlowEof& e) {
    begin();
    ts(e.ts), flow(e.flow), u8(std::to_underlying(e.way)), u8(0), u16(0);
    end_fixed(capture_format::kFlowEofFixed);
    return {Tag::kFlowEof, {}};
  }
  Encoded operator()(const event::FlowClose& e) {
    begin();
    ts(e.ts), flow(e.flow), u64(e.read_total), u64(e.write_total), u64(e.read_ignored), u64(e.write_ignored);
    end_fixed(capture_format::kFlowCloseFixed);
    return {Tag::kFlowClose, {}};
  }
  Encoded operator()(const event::ProcessExec& e) {
    begin();
    ts(e.ts), process(e.process), process(e.parent);
    end_fixed(capture_format::kProcessExecFixed);
    return {Tag::kProcessExec, {}};
  }
  Encoded operator()(const event::ProcessFork& e) {
    begin();
    ts(e.ts), process(e.parent), process(e.child);
    end_fixed(capture_format::kProcessForkFixed);
    return {Tag::kProcessFork, {}};
  }
  Encoded operator()(const event::ProcessExit& e) {
    begin();
    ts(e.ts), process(e.process);
    end_fixed(capture_format::kProcessExitFixed);
    return {Tag::kProcessExit, {}};
  }
  // Tails: exe, comm, cwd, user, cgroup, container, pod, argument count (4 bytes), each argument.
  Encoded operator()(const event::ProcessFacts& e) {
    begin();
    ts(e.ts), process(e.process), process(e.parent), u32(e.uid);
    end_fixed(capture_format::kProcessFactsFixed);
    for (const std::string* s : {&e.exe, &e.comm, &e.cwd, &e.user, &e.cgroup, &e.container, &e.pod}) tail(*s);
    u32(4), u32(static_cast<std::uint32_t>(e.argv.size()));
    for (const std::string& s : e.argv) tail(s);
    return {Tag::kProcessFacts, {}};
  }
  Encoded operator()(const event::ProcessNote& e) {
    begin();
    ts(e.ts), process(e.process), flow(e.flow), u8(std::to_underlying(e.what)), u8(0), u16(0);
    end_fixed(capture_format::kProcessNoteFixed);
    tail(e.detail);
    return {Tag::kProcessNote, {}};
  }
  Encoded operator()(const event::Lost& e) {
    begin();
    ts(e.ts), u64(e.records), u64(e.bytes), reason(e.reason), u8(0), u16(0);
    end_fixed(capture_format::kLostFixed);
    return {Tag::kLost, {}};
  }
  Encoded operator()(const event::Tick& e) {
    begin();
    ts(e.ts);
    end_fixed(capture_format::kTickFixed);
    return {Tag::kTick, {}};
  }
};

struct Decoder {
  FieldReader fixed;
  Bytes tails;
  bool bad = false;

  explicit Decoder(Bytes body) : fixed({}) {
    if (body.size() < 2) {
      bad = true;
      return;
    }
    const std::size_t n = get_at<std::uint16_t>(body.data());
    body.remove_prefix(2);
    if (n > body.size()) {
      bad = true;
      return;
    }
    fixed = FieldReader(body.substr(0, n));
    tails = body.substr(n);
  }
  // A tail that is not there is empty; one that claims more than there is is damage.
  Bytes tail() {
    if (tails.empty() || bad) return {};
    if (tails.size() < 4) {
      bad = true;
      return {};
    }
    const std::size_t n = get_at<std::uint32_t>(tails.data());
    tails.remove_prefix(4);
    if (n > tails.size()) {
      bad = true;
      return {};
    }
    const Bytes t = tails.substr(0, n);
    tails.remove_prefix(n);
    return t;
  }
  std::string text() { return std::string(tail()); }
  std::uint8_t u8() { return fixed.get<std::uint8_t>(); }
  std::uint16_t u16() { return fixed.get<std::uint16_t>(); }
  std::uint32_t u32() { return fixed.get<std::uint32_t>(); }
  std::uint64_t u64() { return fixed.get<std::uint64_t>(); }
  Timestamp ts() { return {u64()}; }
  FlowId flow() { return FlowId{u64()}; }
  ProcessKey process() {
    const std::uint32_t pid = u32();
    return {pid, u64()};
  }
  Way way() {
    const std::uint8_t w = u8();
    if (w > 1) bad = true;
    return Way{w};
  }
  // A reason of a later version is still a loss.
  LossReason reason() {
    const std::uint8_t r = u8();
    return r < std::to_underlying(LossReason::kCount) ? LossReason{r} : LossReason::kStreamGap;
  }
  void skip(std::size_t n) {
    for (; n > 0; --n) u8();
  }

  void read(event::FlowOpen& e) {
    e.ts = ts(), e.flow = flow(), e.inode = u64(), e.peer_inode = u64(), e.tls_socket = flow(), e.netns = u32();
    e.kind = event::FlowKind{u8()};
    const std::uint8_t bits = u8();
    e.is_tls_server = (bits & 1) != 0, e.from_snapshot = (bits & 2) != 0;
    e.local.family = u8(), e.remote.family = u8(), e.local.port = u16(), e.remote.port = u16();
    fixed.copy(e.local.ip.data(), e.local.ip.size());
    fixed.copy(e.remote.ip.data(), e.remote.ip.size());
    e.path = tail();
  }
  void read(event::FlowData& e) {
    e.ts = ts(), e.flow = flow(), e.actor = process(), e.tid = u32(), e.pos = u64(), e.len = u64(), e.way = way();
    const std::uint8_t r = u8();
    e.payload = tail();
    if (r != capture_format::kNoReason)
      e.missing = r < std::to_underlying(LossReason::kCount) ? LossReason{r} : LossReason::kStreamGap;
    bad = bad || e.payload.size() > e.len;
  }
  void read(event::FlowActor& e) { e.ts = ts(), e.flow = flow(), e.actor = process(), e.pos = u64(), e.way = way(); }
  void read(event::FlowSkipped& e) { e.ts = ts(), e.flow = flow(), e.pos = u64(), e.len = u64(), e.way = way(); }
  void read(event::FlowHolder& e) {
    e.ts = ts(), e.flow = flow(), e.holder = process(), e.can_read = u8(), e.can_write = u8();
  }
  void read(event::FlowEof& e) { e.ts = ts(), e.flow = flow(), e.way = way(); }
  void read(event::FlowClose& e) {
    e.ts = ts(), e.flow = flow(), e.read_total = u64(), e.write_total = u64(), e.read_ignored = u64(),
    e.write_ignored = u64();
  }
  void read(event::ProcessExec& e) { e.ts = ts(), e.process = process(), e.parent = process(); }
  void read(event::ProcessFork& e) { e.ts = ts(), e.parent = process(), e.child = process(); }
  void read(event::ProcessExit& e) { e.ts = ts(), e.process = process(); }
  void read(event::ProcessFacts& e) {
    e.ts = ts(), e.process = process(), e.parent = process(), e.uid = u32();
    for (std::string* s : {&e.exe, &e.comm, &e.cwd, &e.user, &e.cgroup, &e.container, &e.pod}) *s = text();
    const Bytes count = tail();
    const std::uint32_t n = FieldReader(count).get<std::uint32_t>();
    if (n > kMaxArguments) bad = true;
    for (std::uint32_t i = 0; i < n && !bad; ++i) {
      if (tails.empty()) bad = true;
      e.argv.push_back(text());
    }
  }
  void read(event::ProcessNote& e) {
    e.ts = ts(), e.process = process(), e.flow = flow(), e.what = event::BlindSpot{u8()};
    e.detail = text();
  }
  void read(event::Lost& e) { e.ts = ts(), e.records = u64(), e.bytes = u64(), e.reason = reason(); }
  void read(event::Tick& e) { e.ts = ts(); }

  template <typename T>
  Decoded as(event::Event& out) {
    if (bad) return Decoded::kMalformed;
    T* e = std::get_if<T>(&out);
    if (e != nullptr) {
      *e = T{};
    } else {
      e = &out.emplace<T>();
    }
    read(*e);
    return bad ? Decoded::kMalformed : Decoded::kEvent;
  }
};

}  // namespace

Encoded encode(const event::Event& e, std::string& out) { return std::visit(Encoder{out}, e); }

Decoded decode(std::uint16_t tag, Bytes body, event::Event& out) {
  Decoder d(body);
  switch (Tag{tag}) {
    case Tag::kFlowOpen: return d.as<event::FlowOpen>(out);
    case Tag::kFlowData: return d.as<event::FlowData>(out);
    case Tag::kFlowActor: return d.as<event::FlowActor>(out);
    case Tag::kFlowHolder: return d.as<event::FlowHolder>(out);
    case Tag::kFlowEof: return d.as<event::FlowEof>(out);
    case Tag::kFlowClose: return d.as<event::FlowClose>(out);
    case Tag::kProcessExec: return d.as<event::ProcessExec>(out);
    case Tag::kProcessFork: return d.as<event::ProcessFork>(out);
    case Tag::kProcessExit: return d.as<event::ProcessExit>(out);
    case Tag::kProcessFacts: return d.as<event::ProcessFacts>(out);
    case Tag::kProcessNote: return d.as<event::ProcessNote>(out);
    case Tag::kLost: return d.as<event::Lost>(out);
    case Tag::kTick: return d.as<event::Tick>(out);
    case Tag::kFlowSkipped: return d.as<event::FlowSkipped>(out);
  }
  return Decoded::kUnknownTag;
}

}  // namespace mcpvigil::source
