// SPDX-License-Identifier: Apache-2.0
// ScenarioSource: a conversation written by hand -> events. For tests that a person can review.
//
// One statement a line, `#` comments, a line ending in \ goes on. Every event is 1 us after the one before.
//
//   process PID [start=NS] [exe=] [argv=["a","b"]] [uid=] [parent=PID] [comm=] [cwd=] [user=] [cgroup=] [container=] [pod=]
//   exec PID | exit PID | fork PID->PID
//   pipe NAME [snapshot] | fifo NAME PATH [snapshot] | pty NAME PATH
//   socketpair NAME NAME [seqpacket] [snapshot] | unix NAME NAME PATH [seqpacket] [snapshot]
//   tcp NAME [NAME] ADDRESS ADDRESS [netns=N] [snapshot]          local and remote of the first NAME
//   tls NAME [over NAME] [server] [path=FILE] [snapshot] | bind NAME NAME
//   read NAME PID PAYLOAD | write NAME PID PAYLOAD                [tid=N] [pos=N] [len=N] [missing=REASON]
//   send NAME PID->PID PAYLOAD      the first writes into NAME and is only counted, the second reads it at the other end
//   actor NAME read|write PID | holder NAME PID r|w|rw
//   gap NAME read|write N           bytes that nobody saw      skip NAME read|write N   bytes ignored by order
//   eof NAME [read|write] | close NAME [read=N] [write=N] [read_ignored=N] [write_ignored=N]
//   note PID WHAT [flow=NAME] [detail=TEXT] | lost REASON [records=N] [bytes=N]
//   wait SPAN | tick [SPAN]
//
// PAYLOAD: "text with \n \xNN", 'text as it is', nl, bytes(1048576,"x"), repeat(10,"ab"), one after another.
// A process must be declared before it acts, a flow before bytes move.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/event_source.h"
#include "source/scenario_cursor.h"

namespace mcpvigil::source {

class ScenarioSource final : public EventSource {
 public:
  static constexpr std::size_t kBatchEvents = 256;
  static constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;  // time of the first event, ns
  static constexpr std::uint64_t kStep = 1000;

  // kInvalid errors: "name:line:column: expected ..., found ...".
  [[nodiscard]] static base::Result<std::unique_ptr<ScenarioSource>> parse(
      std::string_view text, std::string_view name = "scenario", std::uint64_t max_bytes = ScenarioCursor::kMaxBytes);
  [[nodiscard]] static base::Result<std::unique_ptr<ScenarioSource>> open(const std::string& path);

  [[nodiscard]] base::Result<Batch> next() override;

  [[nodiscard]] const std::vector<event::Event>& events() const { return events_; }

 private:
  friend class ScenarioWriter;
  std::vector<event::Event> events_;
  std::deque<std::string> stored_;  // what views in the events point to, padded
  std::size_t given_ = 0;
};

}  // namespace mcpvigil::source
