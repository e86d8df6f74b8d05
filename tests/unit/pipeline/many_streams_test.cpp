// SPDX-License-Identifier: Apache-2.0
// Many streams at once, and rubbish on every carrier: the total cap, and the ledger's law at every step.
#include <random>

#include "talk.h"

namespace mcpvigil::test {
namespace {

using base::SkipReason;
using event::FlowKind;
constexpr std::uint64_t kMiB = 1 << 20;

TEST(ManyStreams, TenThousandHalfMessagesStayUnderTheTotalCapAndDisturbNobody) {
  pipeline::PipelineLimits limits;
  limits.max_total = 16 * kMiB;
  Talk t(limits);
  t.handshake(1, 2);
  t.hold_law = false;
  const std::string half =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + std::string(4000, 'x');
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto writer = static_cast<std::uint32_t>(1000 + 2 * i);
    t.pipe(100 + i);
    t.send(100 + i, writer, writer + 1, half);
    if (i % 500 == 0) t.check_law();
  }
  t.check_law();
  EXPECT_GT(t.skipped(SkipReason::kMemoryCap), 0U);
  EXPECT_GT(t.stats().buffered, limits.max_total / 2);
  EXPECT_LE(t.stats().buffered_peak, limits.max_total);

  // A session that was there, and one that comes now, with messages that fit one call.
  t.send(1, 100, 200, kPing + "\n");
  t.send(2, 200, 100, kPong + "\n");
  t.handshake(3, 4, 300, 400);
  t.send(3, 300, 400, kCall + "\n");
  t.send(4, 400, 300, kCalled + "\n");
  t.tick();
  ASSERT_EQ(t.calls.size(), 4U);
  for (const Told& c : t.calls) EXPECT_EQ(c.outcome, "ok");

  // Room comes back as streams end.
  for (std::uint64_t i = 0; i < 10'000; ++i) t.close(100 + i);
  t.tick(60'000);
  EXPECT_EQ(t.stats().buffered, 0U);
  t.check_law();
  t.finish();
}

TEST(ManyStreams, TenThousandUndecidedStreamsThatHoldWholeMessages) {
  pipeline::PipelineLimits limits;
  limits.max_total = 4 * kMiB;
  Talk t(limits);
  t.hold_law = false;
  const std::string ping =
      R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":")" + std::string(1000, 'x') + "\"}}\n";
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto writer = static_cast<std::uint32_t>(1000 + 2 * i);
    t.pipe(100 + i);
    t.send(100 + i, writer, writer + 1, ping);
    if (i % 500 == 0) t.check_law();
  }
  t.check_law();
  EXPECT_LE(t.stats().buffered_peak, limits.max_total);
  EXPECT_TRUE(t.messages.empty());
  t.finish();
  EXPECT_EQ(
      t.skipped(SkipReason::kUndecided) + t.skipped(SkipReason::kMemoryCap) + t.skipped(SkipReason::kProtocolFraming),
      t.stats().ledger.seen);
}

// Pieces that mean something to some stage, so that chance reaches deep.
std::string piece(std::mt19937& random) {
  static const std::string kPieces[] = {
      kPing + "\n",
      kPong + "\n",
      kCall,
      kCalled + "\r\n",
      "\n",
      "{",
      "[",
      "}",
      "]",
      "\"",
      "\\",
      "log: ready\n",
      http_post(kCall),
      http_ok(kCalled),
      "HTTP/1.1 200 OK\r\n",
      "Content-Type: text/event-stream\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Content-Encoding: gzip\r\n",
      "\r\n",
      "5\r\n",
      "0\r\n\r\n",
      "data: " + kCalled + "\n\n",
      "event: endpoint\ndata: /m?sessionId=1\n\n",
      "GET /sse HTTP/1.1\r\nHost: h\r\n\r\n",
      "Content-Length: 40\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02",
      "\xef\xbb\xbf",
      std::string(8, '\0'),
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}})"
      "\n",
      R"({"jsonrpc":"2.0","id":0,"method":"session/new"})"
      "\n",
      std::string(5000, 'x'),
      std::string(300, '[')};
  if (random() % 4 == 0) {
    std::string noise(random() % 64, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    return noise;
  }
  const std::string& p = kPieces[random() % std::size(kPieces)];
  if (random() % 3 != 0 || p.empty()) return p;
  const std::size_t from = random() % p.size();
  return p.substr(from, 1 + random() % (p.size() - from));
}

class Carrier : public testing::TestWithParam<FlowKind> {
 protected:
  void open(Talk& t, FlowKind kind) {
    event::FlowOpen a{.flow = base::FlowId{1}, .kind = kind, .inode = 1001},
        b{.flow = base::FlowId{2}, .kind = kind, .inode = 1002};
    if (kind == FlowKind::kUnixStream || kind == FlowKind::kUnixSeqpacket) {
      a.peer_inode = b.inode;
      b.peer_inode = a.inode;
    }
    if (kind == FlowKind::kTcp) t.tcp(1);
    if (kind == FlowKind::kTls) {
      t.tcp(3);
      a.tls_socket = base::FlowId{3};
      b.tls_socket = base::FlowId{4};
      b.is_tls_server = true;
      a.inode = b.inode = 0;
    }
    if (kind == FlowKind::kTcp) return;
    t.open(a);
    t.open(b);
  }
};

TEST_P(Carrier, RandomBytesKeepTheLawAtEveryStep) {
  const bool one_object =
      GetParam() == FlowKind::kPipe || GetParam() == FlowKind::kFifo || GetParam() == FlowKind::kPty;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    pipeline::PipelineLimits limits;
    limits.max_message = 4096;
    limits.max_pending = 2048;
    limits.max_total = 8192;
    Talk t(limits);
    open(t, GetParam());
    for (int step = 0; step < 60 && !HasFatalFailure(); ++step) {
      const bool forth = random() % 2 == 0;
      const std::uint64_t from = forth ? 1 : 2, to = one_object ? from : 3 - from;
      const std::uint32_t writer = forth ? 100 : 200, reader = forth ? 200 : 100;
      switch (random() % 16) {
        case 0: t.gap(to, random() % 500); break;
        case 1: t.skip(to, random() % 500); break;
        case 2: t.tick(random() % 2000); break;
        case 3: t.event(event::Lost{t.now(), base::LossReason::kRingFull, 1, 10}); break;
        case 4: t.event(event::FlowEof{t.now(), base::FlowId{to}, event::Way::kRead}); break;
        case 5:
          t.event(event::ProcessNote{t.now(), process(reader), event::BlindSpot::kBlindReader, base::FlowId{to}, {}});
          break;
        default: t.send(from, writer, reader, piece(random), to);
      }
      ASSERT_LE(t.stats().buffered_peak, limits.max_total);
    }
    t.close(1);
    t.close(2);
    t.finish();
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Carrier,
                         testing::Values(FlowKind::kPipe, FlowKind::kFifo, FlowKind::kPty, FlowKind::kUnixStream,
                                         FlowKind::kUnixSeqpacket, FlowKind::kTcp, FlowKind::kTls));

}  // namespace
}  // namespace mcpvigil::test
