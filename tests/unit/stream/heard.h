// SPDX-License-Identifier: Apache-2.0
// Heard: a listener that writes down what it was told and checks the contract: order, positions, and the ledger's law.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "stream/lane_merge.h"
#include "stream/stream_assembler.h"
#include "support/event_builder.h"

namespace mcpvigil::stream {

// A writer's bytes are given out after this long without a reader.
inline constexpr std::uint64_t kProbationMs = LaneMerge::kProbationNs / test::kMs;

struct HeardPiece {
  std::string bytes;
  base::ProcessKey sender, receiver;
};

struct HeardLane {
  std::string bytes;
  std::uint64_t gone = 0;  // bytes in gaps
  std::uint64_t ignored = 0;
  std::uint64_t next = 0;
  bool anchored = false;  // the first position says where we are
  int ended = 0;
  std::vector<base::LossReason> gaps;
  std::vector<HeardPiece> pieces;
};

struct HeardChannel {
  Channel last;  // as of the latest call
  const Channel* live = nullptr;
  std::array<HeardLane, 2> lane;
  int closed = 0;
};

class Heard final : public StreamListener, public CopyControl {
 public:
  struct Wish {
    std::uint64_t flow;
    event::Way way;
    CopyMode mode;
    bool operator==(const Wish&) const = default;
  };

  void on_open(Channel& c, Timestamp) override {
    HeardChannel& h = channels.emplace(number(c), HeardChannel{}).first->second;
    h.live = &c;
    h.last = c;
    order.push_back(number(c));
  }
  void on_bytes(Channel& c, Lane lane, std::uint64_t pos, Bytes bytes, ProcessKey sender, ProcessKey receiver,
                Timestamp) override {
    HeardChannel& h = at(c);
    HeardLane& l = h.lane[index(lane)];
    EXPECT_FALSE(bytes.empty());
    EXPECT_EQ(l.ended, 0);
    if (!l.anchored) l.next = l.bytes.empty() && l.gone == 0 && l.ignored == 0 && c.mid_stream ? pos : l.next;
    l.anchored = true;
    EXPECT_EQ(pos, l.next) << "positions jump only by gaps";
    l.next = pos + bytes.size();
    l.bytes += bytes;
    l.pieces.push_back({std::string(bytes), sender, receiver});
    // Padded bytes: a reader past the end must not trip a sanitizer.
    volatile char sink = 0;
    for (std::size_t i = 0; i < base::kPadding; ++i) sink = sink ^ bytes.data()[bytes.size() + i];
  }
  void on_gap(Channel& c, Lane lane, std::uint64_t n, base::LossReason why, Timestamp) override {
    HeardLane& l = at(c).lane[index(lane)];
    EXPECT_EQ(l.ended, 0);
    EXPECT_LT(why, base::LossReason::kCount);
    l.gone += n;
    l.next += n;
    l.gaps.push_back(why);
  }
  void on_ignored(Channel& c, Lane lane, std::uint64_t n, Timestamp) override {
    HeardLane& l = at(c).lane[index(lane)];
    l.ignored += n;
    l.next += n;
  }
  void on_lane_end(Channel& c, Lane lane, Timestamp) override {
    HeardLane& l = at(c).lane[index(lane)];
    ++l.ended;
    EXPECT_EQ(l.ended, 1);
  }
  void on_close(Channel& c, Timestamp) override {
    HeardChannel& h = at(c);
    EXPECT_EQ(++h.closed, 1);
    EXPECT_EQ(h.lane[0].ended, 1);
    EXPECT_EQ(h.lane[1].ended, c.one_way ? 0 : 1);
    h.last = c;
    h.live = nullptr;
    check_law(h, nullptr);
  }
  void set_copy(base::FlowId flow, event::Way way, CopyMode mode) override {
    wishes.push_back({static_cast<std::uint64_t>(flow), way, mode});
  }

  // seen == delivered + other end + ignored + lost + held, for every lane that is open now.
  void check(const StreamAssembler& a) {
    for (auto& [id, h] : channels) {
      if (h.live == nullptr) continue;
      h.last = *h.live;
      check_law(h, &a);
    }
  }
  [[nodiscard]] const HeardChannel& channel(std::uint64_t id) const { return channels.at(id); }
  [[nodiscard]] const HeardLane& lane(std::uint64_t id, Lane l = Lane::kAToB) const {
    return channels.at(id).lane[index(l)];
  }
  [[nodiscard]] std::uint64_t other_end(std::uint64_t id, Lane l = Lane::kAToB) const {
    return channels.at(id).last.ledger[index(l)].skipped[static_cast<std::size_t>(base::SkipReason::kOtherEnd)];
  }
  [[nodiscard]] bool wished(std::uint64_t flow, event::Way way, CopyMode mode) const {
    for (const Wish& w : wishes) {
      if (w == Wish{flow, way, mode}) return true;
    }
    return false;
  }

  std::map<std::uint64_t, HeardChannel> channels;
  std::vector<std::uint64_t> order;
  std::vector<Wish> wishes;

 private:
  static std::uint64_t number(const Channel& c) { return static_cast<std::uint64_t>(c.id); }
  HeardChannel& at(const Channel& c) {
    const auto it = channels.find(number(c));
    EXPECT_NE(it, channels.end()) << "a call before on_open";
    EXPECT_EQ(it->second.live, &c);
    it->second.last = c;
    return it->second;
  }
  static void check_law(const HeardChannel& h, const StreamAssembler* a) {
    for (const Lane lane : {Lane::kAToB, Lane::kBToA}) {
      const base::Ledger& g = h.last.ledger[index(lane)];
      const HeardLane& l = h.lane[index(lane)];
      const std::uint64_t held = a != nullptr ? a->held(h.last.id, lane) : 0;
      EXPECT_EQ(g.seen, l.bytes.size() + g.skipped_total() + g.lost_total() + held) << "lane " << index(lane);
    }
  }
};

// Runs events through a new assembler, checking the law after each.
struct Replay {
  Heard heard;
  StreamAssembler assembler;

  explicit Replay(AssemblerLimits limits = {}) : assembler(limits, heard, &heard) {}
  explicit Replay(const test::EventBuilder& b, AssemblerLimits limits = {}) : Replay(limits) { feed(b); }
  void feed(const test::EventBuilder& b) {
    for (; fed < b.events().size(); ++fed) {
      assembler.on_event(b.events()[fed]);
      heard.check(assembler);
    }
    now = b.now();
  }
  Heard& finish() {
    assembler.finish(now);
    for (const auto& [id, h] : heard.channels) EXPECT_EQ(h.closed, 1) << "channel " << id;
    EXPECT_EQ(assembler.flows(), 0u);
    return heard;
  }
  std::size_t fed = 0;
  base::Timestamp now;
};

}  // namespace mcpvigil::stream
