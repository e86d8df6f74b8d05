// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "heard.h"

namespace mcpvigil::stream {
namespace {

using event::BlindSpot;
using event::FlowKind;
using event::Way;
using test::EventBuilder;
using test::ipv4;
using test::process;

const event::Address kClient = ipv4(127, 0, 0, 1, 40000);
const event::Address kServer = ipv4(127, 0, 0, 1, 8080);

TEST(UnixPairing, JoinsBothEndsByInode) {
  EventBuilder b;
  b.unix_end(1, 10, 11).unix_end(2, 11, 10);
  b.write(1, 100, "ask\n").read(2, 200, "ask\n").write(2, 200, "answer\n").read(1, 100, "answer\n");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "ask\n");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "answer\n");
  EXPECT_TRUE(r.heard.channel(1).last.socketpair);
  EXPECT_EQ(r.heard.channel(1).last.a.process, process(100));
  EXPECT_EQ(r.heard.channel(1).last.b.process, process(200));
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).pieces[0].sender, process(100));
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).pieces[0].sender, process(200));
}

TEST(UnixPairing, KnowsANamedSocketFromASocketpair) {
  EventBuilder b;
  b.unix_end(1, 10, 11).unix_end(2, 11, 10, "/run/mcp.sock").actor(1, Way::kWrite, 100).read(2, 200, "x");
  Replay r(b);
  EXPECT_FALSE(r.heard.channel(1).last.socketpair);
  EXPECT_EQ(r.heard.channel(1).last.path, "/run/mcp.sock");
}

TEST(UnixPairing, JoinsWhenOnlyOneEndKnowsTheOther) {
  EventBuilder b;
  b.unix_end(1, 10, 0).write(1, 100, "hi").unix_end(2, 11, 10).read(2, 200, "hi");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1).bytes, "hi");
  EXPECT_EQ(r.heard.other_end(1), 2u);
}

TEST(UnixPairing, WorksAloneWhenThePeerNeverShows) {
  EventBuilder b;
  b.unix_end(1, 10, 11).write(1, 100, "out").read(1, 100, "in").wait_ms(kProbationMs).tick();
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "out");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "in");
  EXPECT_TRUE(r.heard.channel(1).last.b.blind);
}

TEST(UnixPairing, JoinsALateStarterWithoutRepeatingAByte) {
  EventBuilder b;
  b.unix_end(1, 10, 11).write(1, 100, "initialize\n").wait_ms(2 * kProbationMs).tick();
  b.unix_end(2, 11, 10)
      .read(2, 200, "initialize\n")
      .write(2, 200, "ok\n")
      .read(1, 100, "ok\n")
      .write(1, 100, "go\n")
      .read(2, 200, "go\n");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "initialize\ngo\n");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "ok\n");
  EXPECT_FALSE(r.heard.channel(1).last.b.blind);
}

TEST(UnixPairing, MergesTwoChannelsFoundToBeOne) {
  EventBuilder b;
  b.unix_end(1, 10, 0, {}, true).unix_end(2, 11, 0, {}, true).read(1, 100, "x").read(2, 200, "y");
  Replay r(b);
  EXPECT_EQ(r.heard.order.size(), 2u);
  b.unix_end(1, 10, 11).unix_end(2, 11, 10).write(1, 100, "z").read(2, 200, "z").read(1, 100, "w");
  r.feed(b);
  EXPECT_EQ(r.heard.channel(2).closed, 1) << "the younger one ends";
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "xw");
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "z");
  r.finish();
}

TEST(UnixPairing, DeliversAShortLivedWritersBytesOnceTheReaderComes) {
  EventBuilder b;
  b.unix_end(1, 10, 11)
      .write(1, 100, "bye")
      .close(1)
      .wait_ms(50)
      .unix_end(2, 11, 10)
      .read(2, 200, "bye")
      .eof(2)
      .close(2);
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1).bytes, "bye");
  EXPECT_EQ(r.heard.lane(1).pieces[0].receiver, process(200));
  EXPECT_EQ(r.heard.channel(1).closed, 1);
}

TEST(UnixPairing, ClosesASingleEndAfterTheWait) {
  EventBuilder b;
  b.unix_end(1, 10, 11).write(1, 100, "bye").close(1);
  Replay r(b);
  EXPECT_TRUE(r.heard.order.empty());
  b.wait_ms(kProbationMs).tick();
  r.feed(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "bye");
  EXPECT_EQ(r.heard.channel(1).closed, 1);
}

TEST(UnixPairing, KeepsTheChannelUntilBothEndsAreGone) {
  EventBuilder b;
  b.unix_end(1, 10, 11).unix_end(2, 11, 10).write(1, 100, "ab").read(2, 200, "a").close(1);
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).ended, 1);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).ended, 0);
  b.read(2, 200, "b").eof(2).close(2);
  r.feed(b);
  EXPECT_EQ(r.heard.lane(1).bytes, "ab");
  EXPECT_EQ(r.heard.channel(1).closed, 1);
}

TEST(UnixPairing, TurnsOneLaneToTheWriterWhenItsReaderIsBlind) {
  EventBuilder b;
  b.unix_end(1, 10, 11)
      .unix_end(2, 11, 10)
      .actor(2, Way::kWrite, 200)
      .read(1, 100, "in")
      .note(2, BlindSpot::kBlindReader)
      .write(1, 100, "out");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "out");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "in");
  EXPECT_TRUE(r.heard.channel(1).last.b.blind);
  EXPECT_FALSE(r.heard.channel(1).last.a.blind);
}

TEST(TcpPairing, JoinsBothLocalEndsAndNamesTheListenerB) {
  for (const bool server_first : {false, true}) {
    EventBuilder b;
    if (server_first) b.tcp(2, kServer, kClient);
    b.tcp(1, kClient, kServer);
    if (!server_first) b.tcp(2, kServer, kClient);
    b.read(2, 200, "GET").read(1, 100, "200");
    Replay r(b);
    r.finish();
    ASSERT_EQ(r.heard.order.size(), 1u);
    EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "GET");
    EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "200");
    EXPECT_EQ(r.heard.channel(1).last.b.address, kServer);
    EXPECT_EQ(r.heard.channel(1).last.b.process, process(200));
    EXPECT_FALSE(r.heard.channel(1).last.b.remote);
  }
}

TEST(TcpPairing, NamesAWriterWhoseCallReturnsAfterTheReaders) {
  // On another CPU: the reader's socket and bytes are told before the writer's socket is even met.
  EventBuilder b;
  b.tcp(2, kServer, kClient).read(2, 200, "GET").tcp(1, kClient, kServer).write(1, 100, "GET");
  Replay r(b);
  ASSERT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "GET");
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).pieces[0].sender, process(100));
}

TEST(TcpPairing, KeepsNamespacesApart) {
  EventBuilder b;
  b.tcp(1, kClient, kServer, 1).tcp(2, kServer, kClient, 2).read(1, 100, "x").read(2, 200, "y");
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.order.size(), 2u);
}

TEST(TcpPairing, DoesNotWaitForARemoteReader) {
  EventBuilder b;
  b.tcp(1, ipv4(10, 0, 0, 5, 40000), ipv4(93, 184, 216, 34, 443)).write(1, 100, "hello").read(1, 100, "hi");
  Replay r(b);
  EXPECT_TRUE(r.heard.wished(1, Way::kWrite, CopyMode::kCopy));
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "hello");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "hi");
  EXPECT_TRUE(r.heard.channel(1).last.b.remote);
  EXPECT_FALSE(r.heard.channel(1).last.b.blind);
  EXPECT_EQ(r.heard.channel(1).last.b.address.port, 443);
}

TEST(TcpPairing, NamesARemoteClientA) {
  EventBuilder b;
  b.tcp(1, ipv4(10, 0, 0, 5, 8080), ipv4(10, 9, 9, 9, 50123)).read(1, 200, "GET").write(1, 200, "200");
  Replay r(b);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "GET");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "200");
  EXPECT_TRUE(r.heard.channel(1).last.a.remote);
}

TEST(TcpPairing, TakesAPeerBackThatTurnsOutToBeLocal) {
  const event::Address x = ipv4(10, 0, 0, 5, 40000), y = ipv4(10, 0, 0, 6, 8080);
  EventBuilder b;
  b.tcp(1, x, y).write(1, 100, "one").tcp(2, y, x).read(2, 200, "one").write(1, 100, "two").read(2, 200, "two");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1).bytes, "onetwo");
  EXPECT_FALSE(r.heard.channel(1).last.b.remote);
}

TEST(TcpPairing, SurvivesASocketConnectedToItself) {
  EventBuilder b;
  b.tcp(1, kClient, kClient).write(1, 100, "x").read(1, 100, "x");
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.order.size(), 1u);
}

TEST(TcpPairing, LearnsTheAddressesLater) {
  EventBuilder b;
  b.tcp(1, {}, {}).write(1, 100, "ask").tcp(1, kClient, kServer).tcp(2, kServer, kClient).read(2, 200, "ask");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1).bytes, "ask");
}

TEST(PtyPairing, TakesEachSidesReadsAsTheLaneIntoIt) {
  EventBuilder b;
  b.open({.flow = base::FlowId{1}, .kind = FlowKind::kPty, .path = "pts/3"});
  b.open({.flow = base::FlowId{2}, .kind = FlowKind::kPty, .path = "pts/3"});
  b.write(1, 100, "{}\n").read(2, 200, "{}\n").write(2, 200, "ok\n").read(1, 100, "ok\r\n");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(r.heard.lane(1, Lane::kAToB).bytes, "{}\n");
  EXPECT_EQ(r.heard.lane(1, Lane::kBToA).bytes, "ok\r\n");
}

}  // namespace
}  // namespace mcpvigil::stream
