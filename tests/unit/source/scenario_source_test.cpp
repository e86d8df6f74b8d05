// SPDX-License-Identifier: Apache-2.0
#include "source/scenario_source.h"

#include <gtest/gtest.h>

#include "every_event.h"

namespace mcpvigil::source {
namespace {

std::vector<event::Event> parsed(std::string_view text, std::unique_ptr<ScenarioSource>& keep) {
  auto s = ScenarioSource::parse(text);
  EXPECT_TRUE(s.has_value()) << s.error().message;
  if (!s) return {};
  keep = std::move(*s);
  return keep->events();
}

std::string problem(std::string_view text) {
  const auto s = ScenarioSource::parse(text, "t.scn");
  EXPECT_FALSE(s.has_value()) << text;
  return s ? "" : s.error().message;
}

TEST(Scenario, DeclaresProcessesWithAllTheirFacts) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed(
      "process 1 start=5 exe=/sbin/init\n"
      "process 100 exe=/usr/bin/node argv=[\"node\", \"server.js\"] uid=1000 parent=1 comm=node cwd=/srv user=app "
      "cgroup=/c container=x pod='a pod'\n",
      keep);
  ASSERT_EQ(e.size(), 2u);
  const auto& f = std::get<event::ProcessFacts>(e[1]);
  EXPECT_EQ(f.process.pid, 100u);
  EXPECT_EQ(f.parent, (base::ProcessKey{1, 5}));
  EXPECT_EQ(f.argv, (std::vector<std::string>{"node", "server.js"}));
  EXPECT_EQ(f.uid, 1000u);
  EXPECT_EQ(f.exe, "/usr/bin/node");
  EXPECT_EQ(f.pod, "a pod");
}

TEST(Scenario, UnfoldsASendIntoAWriterAndAReader) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed("process 1\nprocess 2\npipe p\nsend p 1->2 '{\"a\":1}' nl\nsend p 1->2 \"x\"\n", keep);
  ASSERT_EQ(e.size(), 7u);
  EXPECT_EQ(std::get<event::FlowActor>(e[3]).actor.pid, 1u);
  const auto& d = std::get<event::FlowData>(e[4]);
  EXPECT_EQ(d.payload, "{\"a\":1}\n");
  EXPECT_EQ(d.way, event::Way::kRead);
  EXPECT_EQ(d.actor.pid, 2u);
  EXPECT_EQ(std::get<event::FlowActor>(e[5]).pos, 8u);
  EXPECT_EQ(std::get<event::FlowData>(e[6]).pos, 8u);
}

TEST(Scenario, SendsAcrossTheTwoEndsOfASocket) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed("process 1\nprocess 2\nsocketpair a b\nsend a 1->2 \"x\"\nsend b 2->1 \"yy\"\nclose a\n", keep);
  const auto& open = std::get<event::FlowOpen>(e[2]);
  EXPECT_EQ(open.peer_inode, std::get<event::FlowOpen>(e[3]).inode);
  EXPECT_EQ(std::get<event::FlowActor>(e[4]).flow, base::FlowId{1});
  EXPECT_EQ(std::get<event::FlowData>(e[5]).flow, base::FlowId{2});
  const auto& c = std::get<event::FlowClose>(e.back());
  EXPECT_EQ(c.read_total, 2u);
  EXPECT_EQ(c.write_total, 1u);
}

TEST(Scenario, KnowsEveryCarrier) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed(
      "pipe p snapshot\nfifo f /tmp/f\npty t pts/3\nunix u v @name seqpacket snapshot\n"
      "tcp c s 127.0.0.1:5000 127.0.0.1:8080 netns=7\ntcp r [::1]:5000 [2001:db8::9]:443\n"
      "tls x over c\ntls y server path=/opt/libssl.so\nbind y s\n",
      keep);
  ASSERT_EQ(e.size(), 11u);
  EXPECT_TRUE(std::get<event::FlowOpen>(e[0]).from_snapshot);
  EXPECT_EQ(std::get<event::FlowOpen>(e[3]).kind, event::FlowKind::kUnixSeqpacket);
  EXPECT_EQ(std::get<event::FlowOpen>(e[3]).path, "@name");
  EXPECT_EQ(std::get<event::FlowOpen>(e[5]).netns, 7u);
  EXPECT_EQ(std::get<event::FlowOpen>(e[6]).local, test::ipv4(127, 0, 0, 1, 8080));
  EXPECT_EQ(event::to_string(std::get<event::FlowOpen>(e[7]).remote), "[2001:db8::9]:443");
  EXPECT_EQ(std::get<event::FlowOpen>(e[8]).tls_socket, std::get<event::FlowOpen>(e[5]).flow);
  EXPECT_TRUE(std::get<event::FlowOpen>(e[10]).is_tls_server);
  EXPECT_EQ(std::get<event::FlowOpen>(e[10]).tls_socket, std::get<event::FlowOpen>(e[6]).flow);
}

TEST(Scenario, MakesLargePayloadsFromFewWords) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed("process 1\npipe p\nread p 1 \"{\" bytes(1048576,\"ab\") repeat(3, 'xy') \"}\" nl\n", keep);
  const auto& d = std::get<event::FlowData>(e[2]);
  EXPECT_EQ(d.payload.size(), 1 + 1048576 + 6 + 1 + 1u);
  EXPECT_TRUE(d.payload.ends_with("abxyxyxy}\n"));
}

TEST(Scenario, SaysWhatWasNotSeen) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed(
      "process 1\npipe p\nread p 1 \"abc\" len=10 missing=user_copy\ngap p read 5\nskip p read 7\nread p 1 \"z\"\n"
      "lost ring_full records=2 bytes=5\nnote 1 blind_reader flow=p detail='why'\nholder p 1 rw\nactor p write 1\neof "
      "p\nexit 1\n",
      keep);
  EXPECT_EQ(std::get<event::FlowData>(e[2]).len, 10u);
  EXPECT_EQ(std::get<event::FlowData>(e[2]).missing, base::LossReason::kUserCopy);
  EXPECT_EQ(std::get<event::FlowSkipped>(e[3]).pos, 15u);
  EXPECT_EQ(std::get<event::FlowData>(e[4]).pos, 22u);
  EXPECT_EQ(std::get<event::Lost>(e[5]).records, 2u);
  EXPECT_EQ(std::get<event::ProcessNote>(e[6]).detail, "why");
}

TEST(Scenario, MovesTimeOnlyForward) {
  std::unique_ptr<ScenarioSource> keep;
  const auto e = parsed("tick\nwait 2s\ntick +100ms\ntick 5us\n", keep);
  ASSERT_EQ(e.size(), 3u);
  const auto at = [&](std::size_t i) { return event::time_of(e[i]).ns - ScenarioSource::kStart; };
  EXPECT_EQ(at(0), 0u);
  EXPECT_EQ(at(1), 2'100'001'000u);
  EXPECT_EQ(at(2), 2'100'007'000u);
}

TEST(Scenario, ReadsCommentsBlankLinesAndContinuedLines) {
  std::unique_ptr<ScenarioSource> keep;
  EXPECT_EQ(parsed("# a talk\n\n  process 1 \\\n    uid=5 # of the user\r\n\n", keep).size(), 1u);
}

TEST(ScenarioErrors, NameTheLineTheColumnAndWhatWasExpected) {
  EXPECT_EQ(problem("pipe p\nfrobnicate p\n").substr(0, 32), "t.scn:2:1: expected a statement ");
  EXPECT_EQ(problem("pipe p\nread q 1 'x'"), "t.scn:2:6: expected the name of a flow declared above, found \"q\"");
  EXPECT_EQ(problem("pipe p\nread p 7 'x'"), "t.scn:2:8: expected a process declared above by process, found 7");
  EXPECT_EQ(problem("process 1\npipe p\nsend p 1 2 'x'"), "t.scn:3:10: expected -> and the reader, found \"2\"");
  EXPECT_EQ(problem("pipe p extra"), "t.scn:1:8: expected the end of the line, found \"extra\"");
  EXPECT_EQ(problem("pipe p\npipe p"), "t.scn:2:6: there is a flow p already");
  EXPECT_EQ(problem("pipe"), "t.scn:1:5: expected a name for the flow, found the end of the line");
  EXPECT_EQ(problem("wait 5 minutes"), "t.scn:1:6: expected a time span: 100ms, 2s, 5us or 7ns, found \"5\"");
  EXPECT_EQ(problem("tcp c 127.0.0.1 127.0.0.1:1"),
            "t.scn:1:7: expected an address: 127.0.0.1:80 or [::1]:80, found \"127.0.0.1\"");
  EXPECT_EQ(problem("process 1\npipe p\nread p 1 'x"), "t.scn:3:10: this text has no closing '");
  EXPECT_EQ(problem("process 1\npipe p\nread p 1 \"\\q\""),
            "t.scn:3:11: expected one of the escapes \\n \\r \\t \\0 \\\" \\' \\\\ \\xNN, found \"\\\\q\"");
  EXPECT_NE(problem("process 1\npipe p\nread p 1"), "");
  EXPECT_NE(problem("process 0"), "");
  EXPECT_NE(problem("process 1 shoe=5"), "");
  EXPECT_NE(problem("lost because"), "");
}

TEST(ScenarioErrors, RefuseToFillTheMemory) {
  EXPECT_NE(problem("process 1\npipe p\nread p 1 bytes(99999999999999,'x')").find("more bytes"), std::string::npos);
  EXPECT_NE(problem("process 1\npipe p\nread p 1 repeat(18446744073709551615,'xx')").find("more bytes"),
            std::string::npos);
  EXPECT_NE(problem("process 1\npipe p\nread p 1 repeat(200000000,'xx')").find("more bytes"), std::string::npos);
}

TEST(Scenario, GivesItsEventsInBatches) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "tick\n";
  auto s = ScenarioSource::parse(text);
  std::vector<std::size_t> sizes;
  for (;;) {
    const auto b = (*s)->next();
    if (b->state == SourceState::kEnd) break;
    sizes.push_back(b->events.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{256, 256, 88}));
}

}  // namespace
}  // namespace mcpvigil::source
