// SPDX-License-Identifier: Apache-2.0
// Any order of flow events: after each one, seen == told + other end + ignored + lost + held, and positions only jump
// by gaps. The input is a list of small operations on a few flows.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "event/event.h"
#include "stream/stream_assembler.h"

namespace {

using namespace mcpvigil;
using event::Way;
using stream::Channel;
using stream::Lane;

void require(bool v) {
  if (!v) std::abort();
}

struct Law final : stream::StreamListener, stream::CopyControl {
  struct LaneState {
    std::uint64_t told = 0, next = 0;
    bool anchored = false, ended = false;
  };
  struct State {
    Channel* channel = nullptr;
    std::array<LaneState, 2> lane;
  };
  std::map<std::uint64_t, State> open;
  std::uint64_t calls = 0;
  stream::StreamAssembler* assembler = nullptr;

  State& at(Channel& c) {
    const auto it = open.find(static_cast<std::uint64_t>(c.id));
    require(it != open.end() && it->second.channel == &c);
    return it->second;
  }
  void on_open(Channel& c, base::Timestamp) override {
    require(open.emplace(static_cast<std::uint64_t>(c.id), State{&c, {}}).second);
  }
  void on_bytes(Channel& c, Lane lane, std::uint64_t pos, base::Bytes b, base::ProcessKey, base::ProcessKey,
                base::Timestamp) override {
    LaneState& l = at(c).lane[stream::index(lane)];
    require(!b.empty() && !l.ended);
    if (l.anchored) require(pos == l.next);
    l.anchored = true;
    l.next = pos + b.size();
    l.told += b.size();
    if (++calls % 97 == 0) assembler->ignore(c.id);
  }
  void on_gap(Channel& c, Lane lane, std::uint64_t n, base::LossReason why, base::Timestamp) override {
    LaneState& l = at(c).lane[stream::index(lane)];
    require(!l.ended && why < base::LossReason::kCount);
    l.next += n;
  }
  void on_ignored(Channel& c, Lane lane, std::uint64_t n, base::Timestamp) override {
    at(c).lane[stream::index(lane)].next += n;
  }
  void on_lane_end(Channel& c, Lane lane, base::Timestamp) override {
    LaneState& l = at(c).lane[stream::index(lane)];
    require(!std::exchange(l.ended, true));
  }
  void on_close(Channel& c, base::Timestamp) override {
    check(at(c), false);
    require(at(c).lane[0].ended && (c.one_way || at(c).lane[1].ended));
    open.erase(static_cast<std::uint64_t>(c.id));
  }
  void set_copy(base::FlowId, Way, stream::CopyMode) override {}

  void check(const State& s, bool with_held) const {
    for (const Lane lane : {Lane::kAToB, Lane::kBToA}) {
      const base::Ledger& g = s.channel->ledger[stream::index(lane)];
      const std::uint64_t held = with_held ? assembler->held(s.channel->id, lane) : 0;
      require(g.seen == s.lane[stream::index(lane)].told + g.skipped_total() + g.lost_total() + held);
    }
  }
  void check_all() const {
    for (const auto& [id, s] : open) check(s, true);
  }
};

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  [[nodiscard]] bool empty() const { return at_ >= size_; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : data_[at_++]; }
  // Small, around a power of two, or anything.
  std::uint64_t number() {
    const std::uint8_t b = byte();
    if (b < 200) return b;
    if (b < 250) return (1ULL << (b - 200)) + byte() - 128;
    std::uint64_t v = 0;
    for (int i = 0; i < 8; ++i) v = v << 8 | byte();
    return v;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::string zeros(1024 + base::kPadding, 'z');
  base::MemoryBudget budget(1 + in.number() % 100'000);
  Law law;
  {
    stream::StreamAssembler assembler(
        {.stream = {.max_pending = 1 + in.number() % 5000, .budget = &budget}, .max_flows = 1 + in.byte() % 12u}, law,
        &law);
    law.assembler = &assembler;
    base::Timestamp now{1'000'000'000};
    std::map<std::pair<std::uint64_t, Way>, std::uint64_t> position;
    while (!in.empty()) {
      const std::uint8_t op = in.byte();
      const base::FlowId flow{static_cast<std::uint64_t>(in.byte() % 8 + 1)};
      const Way way = (op & 0x80) != 0 ? Way::kWrite : Way::kRead;
      std::uint64_t& pos = position[{static_cast<std::uint64_t>(flow), way}];
      const base::ProcessKey who{in.byte() % 4u, 1};
      switch (op & 0x0F) {
        case 0: {
          event::FlowOpen o{.ts = now, .flow = flow, .kind = event::FlowKind{static_cast<std::uint8_t>(in.byte() % 8)}};
          const std::uint8_t bits = in.byte();
          o.inode = static_cast<std::uint64_t>(flow);
          if ((bits & 1) != 0) o.peer_inode = in.byte() % 8u + 1;
          if ((bits & 2) != 0) o.tls_socket = base::FlowId{in.byte() % 8u + 1};
          o.from_snapshot = (bits & 4) != 0;
          o.is_tls_server = (bits & 8) != 0;
          const std::uint8_t net = (bits & 16) != 0 ? 10 : 127;
          o.local = {
              .family = 4, .ip = {net, 0, 0, 1}, .port = static_cast<std::uint16_t>(static_cast<std::uint64_t>(flow))};
          o.remote = {.family = 4, .ip = {net, 0, 0, 1}, .port = static_cast<std::uint16_t>(in.byte() % 8 + 1)};
          if ((bits & 32) != 0) o.remote.ip[3] = 2;
          if ((bits & 64) != 0) o.path = "pts/1";
          assembler.on_event(o);
          break;
        }
        case 1:
        case 2:
        case 3:
        case 4:
        case 5: {
          event::FlowData d{.ts = now, .flow = flow, .way = way, .actor = who, .pos = pos};
          const std::uint64_t n = in.byte();
          d.payload = base::Bytes(zeros).substr(0, n);
          d.len = n;
          if ((op & 0x10) != 0) d.pos = in.number();
          if ((op & 0x20) != 0) d.len = in.number();
          if ((op & 0x40) != 0) d.missing = base::LossReason{static_cast<std::uint8_t>(in.byte() % 10)};
          if (d.missing > base::LossReason::kCount) d.missing = base::LossReason::kCount;
          if (d.payload.size() > d.len) d.payload = d.payload.substr(0, d.len);
          pos = d.pos + d.len;
          assembler.on_event(d);
          break;
        }
        case 6: assembler.on_event(event::FlowActor{now, flow, way, who, in.number()}); break;
        case 7: assembler.on_event(event::FlowHolder{now, flow, who, in.byte(), in.byte()}); break;
        case 8: assembler.on_event(event::FlowEof{now, flow, way}); break;
        case 9:
          assembler.on_event(event::FlowClose{now, flow, in.number(), in.number(), in.number(), in.number()});
          break;
        case 10:
          assembler.on_event(
              event::ProcessNote{now, who, event::BlindSpot{static_cast<std::uint8_t>(in.byte() % 7)}, flow, {}});
          break;
        case 11:
          assembler.on_event(
              event::Lost{now, base::LossReason{static_cast<std::uint8_t>(in.byte() % 10)}, 1, in.number()});
          break;
        case 12: {
          const std::uint64_t n = in.number();
          assembler.on_event(event::FlowSkipped{now, flow, way, pos, n});
          pos += n;
          break;
        }
        case 13: pos += in.number(); break;
        default:
          now.ns += in.byte() * 30'000'000ULL;  // up to 7.6 s: past every wait
          assembler.on_event(event::Tick{now});
      }
      law.check_all();
    }
    assembler.finish(now);
    require(assembler.flows() == 0);
    require(law.open.empty());
  }
  require(budget.used() == 0);
  return 0;
}
