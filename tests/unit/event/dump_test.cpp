// SPDX-License-Identifier: Apache-2.0
#include "event/dump.h"

#include <gtest/gtest.h>

#include "support/event_builder.h"

namespace mcpvigil::event {
namespace {

TEST(EventDump, ShowsBytesThatMovedOnOneLine) {
  const FlowData d{.ts = {1'500'000'007},
                   .flow = base::FlowId{3},
                   .way = Way::kRead,
                   .actor = {200, 17},
                   .tid = 201,
                   .pos = 4,
                   .len = 9,
                   .payload = "{\"a\":1}\n\x01"};
  EXPECT_EQ(dump(d), "1.500000007 flow_data flow=3 read by=200@17 tid=201 pos=4 len=9 \"{\\\"a\\\":1}\\n\\x01\"");
}

TEST(EventDump, CutsALongPayloadAndSaysByHowMuch) {
  const std::string long_text(100, 'x');
  const FlowData d{.ts = {},
                   .flow = base::FlowId{1},
                   .way = Way::kWrite,
                   .actor = {},
                   .len = 200,
                   .payload = long_text,
                   .missing = base::LossReason::kUserCopy};
  EXPECT_EQ(dump(d, 4),
            "0.000000000 flow_data flow=1 write by=0@0 tid=0 pos=0 len=200 copied=100 missing=user_copy \"xxxx\" +96");
}

TEST(EventDump, ShowsEveryKindWithoutALineBreak) {
  const std::vector<Event> all = {
      FlowOpen{.ts = {},
               .flow = base::FlowId{1},
               .kind = FlowKind::kTcp,
               .inode = 2,
               .peer_inode = 3,
               .tls_socket = base::FlowId{4},
               .netns = 5,
               .local = test::ipv4(127, 0, 0, 1, 80),
               .remote = {.family = 6, .ip = {}, .port = 9},
               .path = "a\nb",
               .is_tls_server = true,
               .from_snapshot = true},
      FlowActor{},
      FlowSkipped{},
      FlowHolder{{}, base::FlowId{1}, {}, 1, 1},
      FlowEof{},
      FlowClose{},
      ProcessExec{},
      ProcessFork{},
      ProcessExit{},
      ProcessFacts{.ts = {},
                   .process = {1, 2},
                   .parent = {},
                   .uid = 0,
                   .exe = "/bin/x",
                   .argv = {"a", "b c"},
                   .comm = "x",
                   .cwd = "/",
                   .user = "root",
                   .cgroup = "/g",
                   .container = "c",
                   .pod = "p"},
      ProcessNote{
          .ts = {}, .process = {}, .what = BlindSpot::kIoUring, .flow = base::FlowId{1}, .detail = "two\nlines"},
      Lost{.ts = {}, .reason = base::LossReason::kRingFull, .records = 1, .bytes = 2},
      Tick{}};
  for (const Event& e : all) {
    EXPECT_EQ(dump(e).find('\n'), std::string::npos) << dump(e);
    EXPECT_NE(dump(e).find(std::string(e.index() == 0 ? "127.0.0.1:80 -> [::]:9 path=\"a\\nb\" server snapshot" : " ")),
              std::string::npos)
        << dump(e);
  }
}

TEST(EventTime, IsTheTimeOfWhicheverKind) {
  EXPECT_EQ(time_of(Tick{{5}}).ns, 5u);
  EXPECT_EQ(time_of(Lost{{6}, {}, 0, 0}).ns, 6u);
}

}  // namespace
}  // namespace mcpvigil::event
