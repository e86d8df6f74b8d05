// SPDX-License-Identifier: Apache-2.0
// The same conversation cut into calls in every way gives the same bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "heard.h"

namespace mcpvigil::stream {
namespace {

using event::Way;
using test::EventBuilder;

const std::string kText = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n{\"jsonrpc\":\"2.0\"}\n";

// Cuts text into pieces of random sizes, empty ones left out.
std::vector<std::string_view> cut(std::string_view text, std::mt19937& random, std::size_t max) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t n = std::min<std::size_t>(1 + random() % max, text.size());
    out.push_back(text.substr(0, n));
    text.remove_prefix(n);
  }
  return out;
}

TEST(Segmentation, EveryTwoCutsGiveTheSameBytes) {
  for (std::size_t i = 0; i <= kText.size(); ++i) {
    for (const bool copy_at_writer : {false, true}) {
      EventBuilder b;
      b.pipe(1);
      const std::string_view text = kText;
      for (const std::string_view part : {text.substr(0, i), text.substr(i)}) {
        if (copy_at_writer) b.write(1, 100, part);
        b.read(1, 200, part);
      }
      Replay r(b);
      ASSERT_EQ(r.finish().lane(1).bytes, kText) << "cut at " << i;
    }
  }
}

TEST(Segmentation, AnyMixOfReadersAndWritersChunksGivesTheBytesOnce) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto writes = cut(kText, random, 1 + random() % 40), reads = cut(kText, random, 1 + random() % 40);
    EventBuilder b;
    b.pipe(1);
    std::size_t w = 0, r = 0, written = 0, read = 0;
    while (w < writes.size() || r < reads.size()) {
      const bool can_read = r < reads.size() && read + reads[r].size() <= written;
      if (w < writes.size() && (!can_read || random() % 2 == 0)) {
        written += writes[w].size();
        b.write(1, 100, writes[w++]);
      } else {
        read += reads[r].size();
        b.read(1, 200, reads[r++]);
      }
      if (random() % 8 == 0) b.wait_ms(random() % 300).tick();
    }
    Replay run(b.close(1));
    ASSERT_EQ(run.finish().lane(1).bytes, kText) << "seed " << seed;
    ASSERT_EQ(run.heard.lane(1).gone, 0u) << "seed " << seed;
  }
}

TEST(Segmentation, SmallDisorderIsPutRight) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto reads = cut(kText, random, 9);
    std::vector<std::pair<std::uint64_t, std::string_view>> chunks;
    std::uint64_t pos = 0;
    for (const auto part : reads) {
      chunks.emplace_back(pos, part);
      pos += part.size();
    }
    for (std::size_t i = 0; i + 4 < chunks.size(); i += 4) {
      std::shuffle(chunks.begin() + static_cast<std::ptrdiff_t>(i), chunks.begin() + static_cast<std::ptrdiff_t>(i + 4),
                   random);
    }
    EventBuilder b;
    b.pipe(1);
    for (const auto& [at, part] : chunks) b.moved_at(1, Way::kRead, 200, at, part);
    Replay run(b.close(1, kText.size(), kText.size()));
    ASSERT_EQ(run.finish().lane(1).bytes, kText) << "seed " << seed;
    ASSERT_EQ(run.heard.lane(1).gone, 0u);
  }
}

TEST(Segmentation, AGapAtEveryBoundaryCostsThoseBytesOnly) {
  std::mt19937 random(7);
  const auto reads = cut(kText, random, 9);
  for (std::size_t lost = 0; lost < reads.size(); ++lost) {
    EventBuilder b;
    b.pipe(1);
    std::string expected;
    for (std::size_t i = 0; i < reads.size(); ++i) {
      if (i == lost) {
        b.unseen(1, Way::kRead, reads[i].size());
      } else {
        b.read(1, 200, reads[i]);
        expected += reads[i];
      }
    }
    Replay run(b.close(1));
    ASSERT_EQ(run.finish().lane(1).bytes, expected);
    ASSERT_EQ(run.heard.lane(1).gone, reads[lost].size());
  }
}

}  // namespace
}  // namespace mcpvigil::stream
