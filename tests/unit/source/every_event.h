// SPDX-License-Identifier: Apache-2.0
// One event of every kind with every field set, and how to compare what comes back.
#pragma once
#include <string>
#include <vector>

#include "event/dump.h"
#include "event/event.h"
#include "source/event_source.h"
#include "support/event_builder.h"

namespace mcpvigil::source {

inline std::vector<event::Event> every_event(test::EventBuilder& b) {
  using namespace event;
  const auto key = [](std::uint32_t n) { return ProcessKey{n, 1'000'000'000ULL * n}; };
  const event::Address v6{.family = 6, .ip = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, .port = 443};
  b.add(FlowOpen{.ts = {11},
                 .flow = FlowId{1},
                 .kind = FlowKind::kTls,
                 .inode = 2,
                 .peer_inode = 3,
                 .tls_socket = FlowId{4},
                 .netns = 5,
                 .local = test::ipv4(10, 1, 2, 3, 65535),
                 .remote = v6,
                 .path = b.keep("/usr/lib/libssl.so.3"),
                 .is_tls_server = true,
                 .from_snapshot = true});
  b.add(FlowData{.ts = {12},
                 .flow = FlowId{1},
                 .way = Way::kWrite,
                 .actor = key(7),
                 .tid = 8,
                 .pos = 1ULL << 40,
                 .len = 100,
                 .payload = b.keep(std::string("{\"a\":\0}\n", 8)),
                 .missing = base::LossReason::kUserCopy});
  b.add(FlowData{.ts = {13},
                 .flow = FlowId{1},
                 .way = Way::kRead,
                 .actor = key(7),
                 .tid = 8,
                 .pos = 0,
                 .len = 3,
                 .payload = b.keep("abc")});
  b.add(FlowActor{{14}, FlowId{1}, Way::kWrite, key(9), 77});
  b.add(FlowSkipped{{15}, FlowId{1}, Way::kWrite, 78, 79});
  b.add(FlowHolder{{16}, FlowId{1}, key(9), 1, 0});
  b.add(FlowEof{{17}, FlowId{1}, Way::kWrite});
  b.add(FlowClose{{18}, FlowId{1}, 1, 2, 3, 4});
  b.add(ProcessExec{{19}, key(5), key(6)});
  b.add(ProcessFork{{20}, key(5), key(6)});
  b.add(ProcessExit{{21}, key(5)});
  b.add(ProcessFacts{.ts = {22},
                     .process = key(5),
                     .parent = key(1),
                     .uid = 1000,
                     .exe = "/usr/bin/node",
                     .argv = {"node", "", "server.js"},
                     .comm = "node",
                     .cwd = "/srv",
                     .user = "app",
                     .cgroup = "/sys.slice",
                     .container = "c0ffee",
                     .pod = "ns/pod"});
  b.add(ProcessNote{{23}, key(5), BlindSpot::kIoUring, FlowId{9}, "two rings"});
  b.add(Lost{{24}, base::LossReason::kBlindWriter, 10, 20});
  b.add(Tick{{25}});
  return b.events();
}

// The dump shows every field, so equal dumps are equal events.
inline std::vector<std::string> dumped(std::span<const event::Event> events) {
  std::vector<std::string> out;
  for (const event::Event& e : events) out.push_back(event::dump(e, 1 << 20));
  return out;
}

}  // namespace mcpvigil::source
