// SPDX-License-Identifier: Apache-2.0
// EventBuilder: event lists written by hand, with positions counted and payloads padded for you.
//
//   EventBuilder b;  b.pipe(1).write(1, 100, "x\n").read(1, 200, "x\n").wait_ms(300).tick();
//   for (const auto& e : b.events()) assembler.on_event(e);
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "event/event.h"

namespace mcpvigil::test {

inline constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;  // event time starts here
inline constexpr std::uint64_t kMs = 1'000'000;

[[nodiscard]] inline base::ProcessKey process(std::uint32_t pid) { return {pid, kStart - 1000 + pid}; }

[[nodiscard]] inline event::Address ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                                         std::uint16_t port) {
  return {.family = 4, .ip = {a, b, c, d}, .port = port};
}

class EventBuilder {
 public:
  using Way = event::Way;

  EventBuilder& wait_ms(std::uint64_t ms) {
    now_ += ms * kMs;
    return *this;
  }
  EventBuilder& tick() { return add(event::Tick{now()}); }
  EventBuilder& open(event::FlowOpen o) {
    o.ts = now();
    o.path = keep(o.path);
    return add(o);
  }
  EventBuilder& pipe(std::uint64_t flow, bool snapshot = false) {
    return open(
        {.flow = base::FlowId{flow}, .kind = event::FlowKind::kPipe, .inode = 1000 + flow, .from_snapshot = snapshot});
  }
  EventBuilder& unix_end(std::uint64_t flow, std::uint64_t inode, std::uint64_t peer, std::string_view path = {},
                         bool snapshot = false) {
    return open({.flow = base::FlowId{flow},
                 .kind = event::FlowKind::kUnixStream,
                 .inode = inode,
                 .peer_inode = peer,
                 .path = path,
                 .from_snapshot = snapshot});
  }
  EventBuilder& tcp(std::uint64_t flow, event::Address local, event::Address remote, std::uint32_t netns = 1) {
    return open({.flow = base::FlowId{flow},
                 .kind = event::FlowKind::kTcp,
                 .inode = 1000 + flow,
                 .netns = netns,
                 .local = local,
                 .remote = remote});
  }
  EventBuilder& tls(std::uint64_t flow, std::uint64_t socket, bool server = false) {
    return open({.flow = base::FlowId{flow},
                 .kind = event::FlowKind::kTls,
                 .tls_socket = base::FlowId{socket},
                 .path = "/usr/lib/libssl.so.3",
                 .is_tls_server = server});
  }
  EventBuilder& moved(std::uint64_t flow, Way way, std::uint32_t pid, std::string_view bytes) {
    const std::uint64_t pos = position(flow, way);
    position(flow, way) += bytes.size();
    return moved_at(flow, way, pid, pos, bytes);
  }
  EventBuilder& read(std::uint64_t flow, std::uint32_t pid, std::string_view bytes) {
    return moved(flow, Way::kRead, pid, bytes);
  }
  EventBuilder& write(std::uint64_t flow, std::uint32_t pid, std::string_view bytes) {
    return moved(flow, Way::kWrite, pid, bytes);
  }
  // At a position of your own; the running position is not touched.
  EventBuilder& moved_at(std::uint64_t flow, Way way, std::uint32_t pid, std::uint64_t pos, std::string_view bytes) {
    return add(event::FlowData{.ts = now(),
                               .flow = base::FlowId{flow},
                               .way = way,
                               .actor = process(pid),
                               .tid = pid,
                               .pos = pos,
                               .len = bytes.size(),
                               .payload = keep(bytes)});
  }
  // len bytes moved, of which only `bytes` were copied.
  EventBuilder& partly(std::uint64_t flow, Way way, std::uint32_t pid, std::string_view bytes, std::uint64_t len,
                       base::LossReason why) {
    const std::uint64_t pos = position(flow, way);
    position(flow, way) += len;
    return add(event::FlowData{.ts = now(),
                               .flow = base::FlowId{flow},
                               .way = way,
                               .actor = process(pid),
                               .tid = pid,
                               .pos = pos,
                               .len = len,
                               .payload = keep(bytes),
                               .missing = why});
  }
  // Bytes that went by and gave no event.
  EventBuilder& unseen(std::uint64_t flow, Way way, std::uint64_t n) {
    position(flow, way) += n;
    return *this;
  }
  EventBuilder& skipped(std::uint64_t flow, Way way, std::uint64_t n) {
    const std::uint64_t pos = position(flow, way);
    position(flow, way) += n;
    return add(event::FlowSkipped{now(), base::FlowId{flow}, way, pos, n});
  }
  EventBuilder& actor(std::uint64_t flow, Way way, std::uint32_t pid) {
    return add(event::FlowActor{now(), base::FlowId{flow}, way, process(pid), position(flow, way)});
  }
  EventBuilder& holder(std::uint64_t flow, std::uint32_t pid, bool can_read, bool can_write) {
    return add(event::FlowHolder{now(), base::FlowId{flow}, process(pid), can_read, can_write});
  }
  EventBuilder& eof(std::uint64_t flow, Way way = Way::kRead) {
    return add(event::FlowEof{now(), base::FlowId{flow}, way});
  }
  // With the totals that were counted here, unless given.
  EventBuilder& close(std::uint64_t flow) {
    return close(flow, position(flow, Way::kRead), position(flow, Way::kWrite));
  }
  EventBuilder& close(std::uint64_t flow, std::uint64_t read_total, std::uint64_t write_total,
                      std::uint64_t read_ignored = 0, std::uint64_t write_ignored = 0) {
    return add(event::FlowClose{now(), base::FlowId{flow}, read_total, write_total, read_ignored, write_ignored});
  }
  EventBuilder& note(std::uint64_t flow, event::BlindSpot what, std::uint32_t pid = 0) {
    return add(event::ProcessNote{now(), process(pid), what, base::FlowId{flow}, {}});
  }
  EventBuilder& lost(base::LossReason why, std::uint64_t records, std::uint64_t bytes) {
    return add(event::Lost{now(), why, records, bytes});
  }
  EventBuilder& add(event::Event e) {
    events_.push_back(std::move(e));
    return *this;
  }

  // Bytes that live as long as the builder and are padded.
  [[nodiscard]] base::Bytes keep(std::string_view b) {
    std::string& s = stored_.emplace_back(b);
    s.append(base::kPadding, '\0');
    return std::string_view(s).substr(0, b.size());
  }
  [[nodiscard]] base::Timestamp now() const { return {now_}; }
  [[nodiscard]] const std::vector<event::Event>& events() const { return events_; }

 private:
  std::uint64_t& position(std::uint64_t flow, Way way) { return positions_[{flow, way}]; }

  std::uint64_t now_ = kStart;
  std::map<std::pair<std::uint64_t, Way>, std::uint64_t> positions_;
  std::deque<std::string> stored_;
  std::vector<event::Event> events_;
};

}  // namespace mcpvigil::test
