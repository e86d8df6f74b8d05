// SPDX-License-Identifier: Apache-2.0
// Bad input of one stream: a named reason, bounded memory, and the next message is told.
#include <zlib.h>

#include "talk.h"

namespace mcpvigil::test {
namespace {

using base::SkipReason;
constexpr std::uint64_t kMiB = 1 << 20;

pipeline::PipelineLimits small() {
  pipeline::PipelineLimits l;
  l.max_message = kMiB;
  l.max_total = 8 * kMiB;
  return l;
}

std::string gzip_of(std::string_view before, std::uint64_t zeros, std::string_view after) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  std::string out;
  char to[1 << 16];
  const auto put = [&](std::string_view b, int flush) {
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(b.data()));
    z.avail_in = static_cast<uInt>(b.size());
    do {
      z.next_out = reinterpret_cast<Bytef*>(to);
      z.avail_out = sizeof to;
      deflate(&z, flush);
      out.append(to, sizeof to - z.avail_out);
    } while (z.avail_out == 0);
  };
  const std::string same(kMiB, '0');
  put(before, Z_NO_FLUSH);
  for (std::uint64_t n = 0; n < zeros; n += kMiB) put(same, Z_NO_FLUSH);
  put(after, Z_FINISH);
  deflateEnd(&z);
  return out;
}

// The stream goes on: a ping and its answer are told.
void expect_alive(Talk& t, std::uint64_t in = 1, std::uint64_t out = 2) {
  const std::size_t before = t.messages.size();
  t.send(in, 100, 200, kPing + "\n");
  t.send(out, 200, 100, kPong + "\n");
  t.tick();
  ASSERT_EQ(t.messages.size(), before + 2);
  EXPECT_EQ(t.messages[before].method, "ping");
  EXPECT_FALSE(t.messages[before + 1].unmatched);
}

TEST(Hostile, AGigabyteInOneLineIsTooLargeAndBounded) {
  Talk t;
  t.handshake(1, 2);
  const std::string piece(kMiB, 'x');
  t.send(1, 100, 200, R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")");
  for (int i = 0; i < 1024; ++i) t.send(1, 100, 200, piece);
  t.send(1, 100, 200, "\"}}\n");
  EXPECT_GE(t.skipped(SkipReason::kTooLarge), 1024 * kMiB);
  EXPECT_LE(t.stats().buffered_peak, 130 * kMiB);  // the cap of a message, and its buffer while it grew
  expect_alive(t);
  EXPECT_EQ(t.stats().buffered, 0U);
  t.finish();
}

TEST(Hostile, AGigabyteWithoutALineOrABracketIsNeverKept) {
  Talk t;
  t.pipe(1);
  const std::string piece(kMiB, 'x');
  for (int i = 0; i < 1024; ++i) t.send(1, 100, 200, piece);
  EXPECT_LE(t.stats().buffered_peak, kMiB);
  EXPECT_GT(t.ignored[1], 0);  // and not looked at for long
  t.finish();
  EXPECT_EQ(t.skipped(SkipReason::kNotMcp) + t.skipped(SkipReason::kNotJson), 1024 * kMiB);
}

TEST(Hostile, AnUndecidedStreamThatOpensAMessageForEverIsGivenUp) {
  Talk t(small());
  t.pipe(1);
  const std::string piece(64 * 1024, 'x');
  t.send(1, 100, 200, R"({"jsonrpc":")");
  for (int i = 0; i < 1024; ++i) t.send(1, 100, 200, piece);
  EXPECT_LE(t.stats().buffered_peak, 3 * kMiB);
  EXPECT_GT(t.ignored[1], 0);
  EXPECT_EQ(t.stats().buffered, 0U);
  t.finish();
}

TEST(Hostile, AHundredThousandLevelsAreTooDeep) {
  Talk t;
  t.handshake(1, 2);
  for (const char* bracket : {"[", "{\"a\":"}) {
    std::string deep = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":)";
    for (int i = 0; i < 100'000; ++i) deep += bracket;
    deep += "1";
    for (int i = 0; i < 100'000; ++i) deep += *bracket == '[' ? ']' : '}';
    t.send(1, 100, 200, deep + "}\n");
    expect_alive(t);
  }
  EXPECT_GE(t.skipped(SkipReason::kTooDeep), 200'000U);
  EXPECT_EQ(t.messages.size(), 6U);
  t.finish();
}

TEST(Hostile, BracketsThatNeverCloseAreBoundedAndTheNextLineIsRead) {
  Talk t(small());
  t.handshake(1, 2);
  t.send(1, 100, 200, std::string(100'000, '{') + "\n");
  t.send(1, 100, 200, std::string(100'000, '[') + "\n");
  expect_alive(t);
  t.finish();
  EXPECT_EQ(t.messages.size(), 4U);
}

TEST(Hostile, MalformedUtf8IsNamed) {
  Talk t;
  t.handshake(1, 2);
  for (const char* bad : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    t.send(1, 100, 200,
           R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":")" + std::string(bad) + "\"}}\n");
  }
  EXPECT_GT(t.skipped(SkipReason::kBadUtf8), 0U);
  EXPECT_EQ(t.messages.size(), 2U);  // none of them
  expect_alive(t);
  t.finish();
}

TEST(Hostile, NumbersAndStringsThatAreNoneAreMalformed) {
  Talk t;
  t.handshake(1, 2);
  t.send(1, 100, 200,
         R"({"jsonrpc":"2.0","id":01,"method":"ping"})"
         "\n"
         R"({"jsonrpc":"2.0","id":1,"method":"a\q"})"
         "\n"
         R"({"jsonrpc":"2.0",})"
         "\n");
  EXPECT_GT(t.skipped(SkipReason::kMalformedJson), 0U);
  EXPECT_EQ(t.messages.size(), 2U);
  expect_alive(t);
  t.finish();
}

TEST(Hostile, AMessageThatNeverEndsIsPendingThenUnfinished) {
  Talk t;
  t.handshake(1, 2);
  for (const char c : kCall.substr(0, kCall.size() - 1)) t.send(1, 100, 200, std::string(1, c));
  EXPECT_EQ(t.stats().ledger.pending(), kCall.size() - 1);
  t.finish();
  EXPECT_EQ(t.skipped(SkipReason::kUnfinished), kCall.size() - 1);
}

struct Http : testing::Test {
  explicit Http(const pipeline::PipelineLimits& l = small()) : t(l) {
    t.tcp(10);
    t.send(10, 100, 200, http_post(kPing), 11);
    t.send(11, 200, 100, http_ok(kPong), 10);
  }
  // One exchange whose answer is `answer`, then the connection ends.
  void answer(const std::string& head, const std::string& body) {
    t.send(10, 100, 200, http_post(kCall), 11);
    t.send(11, 200, 100, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + "\r\n", 10);
    for (std::size_t i = 0; i < body.size(); i += 65536) t.send(11, 200, 100, body.substr(i, 65536), 10);
  }
  // Another connection of the same session is not disturbed; then all ends.
  void rest() {
    const std::size_t before = t.messages.size();
    t.tcp(20);
    t.send(20, 100, 200, http_post(kPing), 21);
    t.send(21, 200, 100, http_ok(kPong), 20);
    EXPECT_EQ(t.messages.size(), before + 2);
    EXPECT_LE(t.stats().buffered_peak, 8 * kMiB);
    t.finish();
  }
  Talk t;
};

TEST_F(Http, ChunkHeadersCutShortOrWrong) {
  answer("Transfer-Encoding: chunked\r\n", "1");
  t.close(10);
  t.close(11);
  EXPECT_EQ(t.stats().ledger.pending(), 0U);
  rest();
}

TEST_F(Http, ChunkHeadersThatAreNoNumber) {
  for (const char* bad : {"zz\r\n", "ffffffffffffffffff\r\n{}\r\n", "-1\r\n", "\r\n\r\n", "5;\x01\x02"}) {
    answer("Transfer-Encoding: chunked\r\n", bad);
  }
  rest();
  EXPECT_GT(t.skipped(SkipReason::kMalformedHttp), 0U);
}

TEST_F(Http, ChunksThatLieAboutTheirLength) {
  answer("Transfer-Encoding: chunked\r\n", "7fffffffffffffff\r\n" + kCalled);
  rest();
  EXPECT_GT(t.skipped(SkipReason::kUnfinished), 0U);
}

TEST_F(Http, ALengthThatPromisesMoreThanComes) {
  answer("Content-Length: 4000\r\n", kCalled);
  t.close(10);
  t.close(11);
  rest();
  EXPECT_GT(t.skipped(SkipReason::kUnfinished), 0U);
}

TEST_F(Http, ALengthThatPromisesLess) {
  answer("Content-Length: 5\r\n", kCalled);
  rest();
}

TEST_F(Http, LengthsThatAreNoLength) {
  for (const char* bad :
       {"Content-Length: 99999999999999999999999\r\n", "Content-Length: -5\r\n", "Content-Length: x\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"}) {
    answer(bad, kCalled);
  }
  rest();
}

TEST_F(Http, AHeadThatNeverEndsIsBounded) {
  t.send(10, 100, 200, "POST /mcp HTTP/1.1\r\nX: ", 11);
  for (int i = 0; i < 256; ++i) t.send(10, 100, 200, std::string(64 * 1024, 'a'), 11);
  EXPECT_LE(t.stats().buffered, 2 * kMiB);
  rest();
}

TEST_F(Http, ABombIsNamedAndNotInflated) {
  const std::string bomb = gzip_of(R"({"jsonrpc":"2.0","id":2,"result":{"a":")", 64 * kMiB, "\"}}");
  ASSERT_LT(bomb.size(), kMiB);
  answer("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb.size()) + "\r\n", bomb);
  EXPECT_GT(t.skipped(SkipReason::kBomb), 0U);
  rest();
}

TEST_F(Http, ABombOfEventsIsNamed) {
  const std::string bomb = gzip_of("data: ", 64 * kMiB, "\n\n");
  t.send(10, 100, 200, http_post(kCall), 11);
  t.send(11, 200, 100,
         "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: " +
             std::to_string(bomb.size()) + "\r\n\r\n",
         10);
  t.send(11, 200, 100, bomb, 10);
  EXPECT_GT(t.skipped(SkipReason::kBomb) + t.skipped(SkipReason::kTooLarge), 0U);
  rest();
}

TEST_F(Http, ACompressedBodyThatIsNone) {
  for (const char* coding : {"gzip", "deflate", "br", "zstd"}) {
    answer(
        "Content-Encoding: " + std::string(coding) + "\r\nContent-Length: " + std::to_string(kCalled.size()) + "\r\n",
        kCalled);
  }
  EXPECT_GE(t.skipped(SkipReason::kBadEncoding), kCalled.size());
  rest();
}

TEST_F(Http, AnEventThatNeverEndsIsBounded) {
  t.send(10, 100, 200, http_post(kCall), 11);
  t.send(11, 200, 100, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {", 10);
  for (int i = 0; i < 256; ++i) t.send(11, 200, 100, std::string(64 * 1024, 'a'), 10);
  EXPECT_LE(t.stats().buffered, 3 * kMiB);
  rest();
  EXPECT_GT(t.skipped(SkipReason::kTooLarge), 14 * kMiB) << t.skips();
}

}  // namespace
}  // namespace mcpvigil::test
