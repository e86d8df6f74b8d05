// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "heard.h"

namespace mcpvigil::stream {
namespace {

using event::FlowKind;
using event::Way;
using test::EventBuilder;
using test::ipv4;
using test::process;

const event::Address kClient = ipv4(127, 0, 0, 1, 40000);
const event::Address kServer = ipv4(127, 0, 0, 1, 8443);

const HeardChannel& plain(const Heard& h) {
  for (const auto& [id, c] : h.channels) {
    if (c.last.kind == FlowKind::kTls) return c;
  }
  static const HeardChannel none;
  ADD_FAILURE() << "no TLS channel";
  return none;
}

TEST(TlsPairing, JoinsTwoLibrariesOverOneConnection) {
  EventBuilder b;
  b.tcp(1, kClient, kServer).tcp(2, kServer, kClient).tls(11, 1).tls(12, 2, true);
  b.write(11, 100, "ask").read(12, 200, "ask").write(12, 200, "answer").read(11, 100, "answer");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(plain(r.heard).lane[0].bytes, "ask");
  EXPECT_EQ(plain(r.heard).lane[1].bytes, "answer");
  EXPECT_EQ(plain(r.heard).last.a.process, process(100));
  EXPECT_EQ(plain(r.heard).last.b.address, kServer);
  EXPECT_TRUE(plain(r.heard).last.tls);
}

TEST(TlsPairing, NamesTheServerBWhicheverIsSeenFirst) {
  EventBuilder b;
  b.tls(12, 2, true).tls(11, 1).tcp(2, kServer, kClient).tcp(1, kClient, kServer);
  b.read(12, 200, "ask").read(11, 100, "answer");
  Replay r(b);
  r.finish();
  ASSERT_EQ(r.heard.order.size(), 1u);
  EXPECT_EQ(plain(r.heard).lane[0].bytes, "ask");
  EXPECT_EQ(plain(r.heard).last.b.process, process(200));
}

TEST(TlsPairing, MarksTheCarrierAsCiphertext) {
  EventBuilder b;
  b.tcp(1, kClient, kServer).tcp(2, kServer, kClient).actor(1, Way::kWrite, 100).read(2, 200, "\x16\x03\x01");
  Replay r(b);
  EXPECT_FALSE(r.heard.channel(1).last.tls);
  b.tls(11, 1);
  r.feed(b);
  EXPECT_TRUE(r.heard.channel(1).last.tls);
  EXPECT_EQ(r.heard.channel(1).last.kind, FlowKind::kTcp);
}

TEST(TlsPairing, TakesBothWaysHereWhenThePeerIsRemote) {
  EventBuilder b;
  b.tcp(1, ipv4(10, 0, 0, 5, 40000), ipv4(93, 184, 216, 34, 443))
      .tls(11, 1)
      .write(11, 100, "ask")
      .read(11, 100, "answer");
  Replay r(b);
  EXPECT_EQ(plain(r.heard).lane[0].bytes, "ask");
  EXPECT_EQ(plain(r.heard).lane[1].bytes, "answer");
  EXPECT_TRUE(plain(r.heard).last.b.remote);
  EXPECT_TRUE(r.heard.wished(11, Way::kWrite, CopyMode::kCopy));
}

TEST(TlsPairing, HoldsAnUnboundStreamAndThenLetsItStandAlone) {
  EventBuilder b;
  b.tls(11, 0).write(11, 100, "ask").read(11, 100, "answer").wait_ms(199).tick();
  Replay r(b);
  EXPECT_TRUE(r.heard.order.empty());
  b.wait_ms(1).tick();
  r.feed(b);
  EXPECT_EQ(plain(r.heard).lane[0].bytes, "ask");
  EXPECT_EQ(plain(r.heard).lane[1].bytes, "answer");
  EXPECT_FALSE(plain(r.heard).last.b.blind);
}

TEST(TlsPairing, DeliversAtOnceWhatWasHeldWhenTheSocketIsFound) {
  EventBuilder b;
  b.tcp(1, ipv4(10, 0, 0, 5, 40000), ipv4(93, 184, 216, 34, 443)).tls(11, 0).write(11, 100, "ask").tls(11, 1);
  Replay r(b);
  EXPECT_EQ(plain(r.heard).lane[0].bytes, "ask");
}

TEST(TlsPairing, FindsItsSocketWhenTheSocketIsMetLater) {
  EventBuilder b;
  b.tls(11, 1).read(11, 100, "answer");
  Replay r(b);
  EXPECT_TRUE(r.heard.order.empty());
  b.tcp(1, ipv4(10, 0, 0, 5, 40000), ipv4(93, 184, 216, 34, 443));
  r.feed(b);
  EXPECT_EQ(plain(r.heard).lane[1].bytes, "answer");
  EXPECT_TRUE(plain(r.heard).last.b.remote);
}

TEST(TlsPairing, StopsTheSecondCopyWhenTwoStreamsAreFoundToBeOne) {
  EventBuilder b;
  b.tls(11, 0).tls(12, 0, true).write(11, 100, "one ").read(12, 200, "one ").wait_ms(200).tick();
  Replay r(b);
  EXPECT_EQ(r.heard.order.size(), 2u) << "nothing says that they belong together";
  b.tcp(1, kClient, kServer).tcp(2, kServer, kClient).tls(11, 1).tls(12, 2, true);
  b.write(11, 100, "two ").read(12, 200, "two ").write(11, 100, "three").read(12, 200, "three");
  r.feed(b);
  r.finish();
  EXPECT_EQ(r.heard.order.size(), 2u);
  EXPECT_EQ(r.heard.lane(1).bytes, "one two three");
  EXPECT_EQ(r.heard.lane(2).bytes, "one ");
  EXPECT_EQ(r.heard.channel(2).closed, 1);
}

TEST(TlsPairing, RunsOverAUnixSocket) {
  EventBuilder b;
  b.unix_end(1, 10, 11, "/run/s")
      .unix_end(2, 11, 10)
      .tls(11, 1)
      .tls(12, 2, true)
      .read(12, 200, "ask")
      .write(11, 100, "ask");
  Replay r(b);
  r.finish();
  EXPECT_EQ(plain(r.heard).lane[0].bytes, "ask");
}

TEST(TlsPairing, SurvivesAStreamThatNamesItself) {
  EventBuilder b;
  b.tls(11, 11).tls(12, 11).read(11, 1, "x").read(12, 1, "y").wait_ms(200).tick();
  Replay r(b);
  r.finish();
  EXPECT_EQ(r.heard.order.size(), 2u);
}

}  // namespace
}  // namespace mcpvigil::stream
