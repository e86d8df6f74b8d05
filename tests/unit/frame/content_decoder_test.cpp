// SPDX-License-Identifier: Apache-2.0
#include "frame/content_decoder.h"

#include <gtest/gtest.h>

#include "compress.h"
#include "support/segmenter.h"

namespace mcpvigil::frame {
namespace {

using Status = ContentDecoder::Status;
using test::Coding;

struct Decoded {
  std::string plain;
  Status status = Status::kOk;
  bool finished = false;
};

Decoded decode(const Coding& coding, const std::vector<std::string_view>& pieces,
               base::MemoryBudget* budget = nullptr) {
  const auto decoder = make_content_decoder(coding.header, budget);
  Decoded d;
  for (const std::string_view piece : pieces) {
    d.status = decoder->decode(piece, [&d](Bytes b) {
      d.plain += b;
      return true;
    });
    if (d.status != Status::kOk) break;
  }
  d.finished = decoder->finished();
  return d;
}

std::string text(std::size_t n) {
  std::string s;
  for (std::size_t i = 0; s.size() < n; ++i) s += "{\"item\":" + std::to_string(i * 7919 % 10007) + "},";
  return s;
}

TEST(ContentDecoder, GivesThePlainTextHoweverTheBytesAreCut) {
  const std::string plain = text(700);
  for (const Coding& coding : test::codings()) {
    const std::string packed = test::joined(coding.encode({plain}));
    ASSERT_LT(packed.size(), plain.size());
    for (const test::Segmentation& s : test::segmentations(packed)) {
      const Decoded d = decode(coding, s.pieces);
      ASSERT_EQ(d.plain, plain) << coding.name << ", " << s.name;
      ASSERT_TRUE(d.finished) << coding.name << ", " << s.name;
    }
  }
}

TEST(ContentDecoder, GivesLargeTextWhole) {
  const std::string plain = text(300'000);
  for (const Coding& coding : test::codings()) {
    const std::string packed = test::joined(coding.encode({plain}));
    const Decoded d = decode(coding, {packed});
    EXPECT_EQ(d.plain.size(), plain.size()) << coding.name;
    EXPECT_TRUE(d.plain == plain) << coding.name;
    EXPECT_TRUE(d.finished) << coding.name;
  }
}

TEST(ContentDecoder, GivesEachFlushedPieceAtOnce) {
  const std::vector<std::string> plain = {"data: {\"a\":1}\n\n", "data: {\"b\":2}\n\n", "data: {\"c\":3}\n\n"};
  for (const Coding& coding : test::codings()) {
    const auto packed = coding.encode(plain);
    const auto decoder = make_content_decoder(coding.header, nullptr);
    for (std::size_t i = 0; i < packed.size(); ++i) {
      std::string got;
      ASSERT_EQ(decoder->decode(packed[i],
                                [&got](Bytes b) {
                                  got += b;
                                  return true;
                                }),
                Status::kOk)
          << coding.name;
      EXPECT_EQ(got, plain[i]) << coding.name;
    }
  }
}

TEST(ContentDecoder, KnowsATruncatedStream) {
  for (const Coding& coding : test::codings()) {
    const std::string packed = test::joined(coding.encode({text(500)}));
    const Decoded d = decode(coding, {std::string_view(packed).substr(0, packed.size() - 5)});
    EXPECT_EQ(d.status, Status::kOk) << coding.name;
    EXPECT_FALSE(d.finished) << coding.name;
  }
}

TEST(ContentDecoder, RefusesWhatIsNotTheEncodingItClaims) {
  for (const Coding& coding : test::codings()) {
    const Decoded d =
        decode(coding, {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"padding\":\"xxxxxxxxxxxxxxxxxxxxxxxxxx\"}}"});
    EXPECT_TRUE(d.status == Status::kBad || !d.finished) << coding.name;
  }
}

TEST(ContentDecoder, TakesGzipMembersOneAfterAnother) {
  const Coding gzip = test::codings()[0];
  const std::string packed = test::joined(gzip.encode({"{\"a\":"})) + test::joined(gzip.encode({"1}"}));
  for (const test::Segmentation& s : test::segmentations(packed)) {
    const Decoded d = decode(gzip, s.pieces);
    ASSERT_EQ(d.plain, "{\"a\":1}") << s.name;
    ASSERT_TRUE(d.finished);
  }
}

TEST(ContentDecoder, CallsAnExtremeRatioABomb) {
  const std::string zeros(64U << 20, '0');
  for (const Coding& coding : test::codings()) {
    std::vector<std::string> plain(64, std::string(1U << 20, '0'));
    const std::string packed = test::joined(coding.encode(plain));
    const Decoded d = decode(coding, {packed});
    EXPECT_EQ(d.status, Status::kBomb) << coding.name;
    EXPECT_LT(d.plain.size(), zeros.size()) << coding.name;
  }
}

TEST(ContentDecoder, ChargesItsWindowToTheBudgetAndGivesItBack) {
  const std::string plain = text(3000);
  for (const Coding& coding : test::codings()) {
    const std::string packed = test::joined(coding.encode({plain}));
    base::MemoryBudget large(64U << 20), small(1000);
    EXPECT_EQ(decode(coding, {packed}, &large).plain, plain) << coding.name;
    EXPECT_GT(large.peak(), 0U) << coding.name;
    EXPECT_EQ(large.used(), 0U) << coding.name;
    EXPECT_EQ(decode(coding, {packed}, &small).status, Status::kMemory) << coding.name;
    EXPECT_EQ(small.used(), 0U) << coding.name;
  }
}

TEST(ContentDecoder, KnowsFourEncodingsInAnyCase) {
  EXPECT_NE(make_content_decoder("GZip", nullptr), nullptr);
  EXPECT_NE(make_content_decoder("x-gzip", nullptr), nullptr);
  EXPECT_EQ(make_content_decoder("compress", nullptr), nullptr);
  EXPECT_EQ(make_content_decoder("gzip, br", nullptr), nullptr);
  EXPECT_TRUE(is_identity(""));
  EXPECT_TRUE(is_identity("Identity"));
}

}  // namespace
}  // namespace mcpvigil::frame
