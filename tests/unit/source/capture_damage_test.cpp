// SPDX-License-Identifier: Apache-2.0
// A recording cut or changed at any byte: never a crash, never a loop, always a word about it.
#include <gtest/gtest.h>

#include <random>

#include "every_event.h"
#include "source/capture_codec.h"
#include "source/capture_reader.h"
#include "source/capture_writer.h"
#include "source/little_endian.h"
#include "temporary_file.h"

namespace mcpvigil::source {
namespace {

namespace format = capture_format;

struct Outcome {
  bool opened = false;
  bool complete = false;
  std::string message;  // of the open error or the damage
  std::vector<std::string> events;
};

Outcome read(base::Bytes bytes) {
  Outcome out;
  auto r = CaptureReader::over(bytes);
  if (!r) {
    out.message = r.error().message;
    return out;
  }
  out.opened = true;
  for (std::size_t rounds = 0;; ++rounds) {
    if (rounds > bytes.size() + 2) {
      ADD_FAILURE() << "it loops";
      break;
    }
    const auto batch = (*r)->next();
    if (!batch) {
      ADD_FAILURE() << batch.error().message;
      break;
    }
    if (batch->state == SourceState::kEnd) break;
    for (auto& line : dumped(batch->events)) out.events.push_back(std::move(line));
  }
  out.complete = (*r)->complete();
  if ((*r)->damage()) out.message = (*r)->damage()->message;
  return out;
}

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    const auto events = every_event(b);
    expected = dumped(events);
    const TemporaryFile file;
    auto w = CaptureWriter::create(file.path(), {});
    ASSERT_TRUE(w.has_value());
    for (const auto& e : events) {
      offsets.push_back(w->bytes());
      ASSERT_TRUE(w->write(e).has_value());
    }
    ASSERT_TRUE(w->finish().has_value());
    whole = file.content();
  }
  test::EventBuilder b;
  std::string whole;
  std::vector<std::string> expected;
  std::vector<std::uint64_t> offsets;
};

TEST_F(Damage, CutAtAnyByteGivesTheWholeRecordsBeforeTheCut) {
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const Outcome o = read(std::string_view(whole).substr(0, n));
    ASSERT_FALSE(o.complete) << n;
    ASSERT_FALSE(o.message.empty()) << n;
    if (n < format::kHeaderSize) {
      ASSERT_FALSE(o.opened) << n;
      continue;
    }
    ASSERT_TRUE(o.opened) << n;
    std::size_t records = 0;
    while (records < offsets.size() && (records + 1 < offsets.size() ? offsets[records + 1] : whole.size()) <= n)
      ++records;
    ASSERT_EQ(o.events,
              std::vector<std::string>(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(records)))
        << n;
    ASSERT_NE(o.message.find(std::to_string(n)), std::string::npos) << "where it ends: " << o.message;
  }
}

TEST_F(Damage, OneChangedBitIsFoundAndNamed) {
  for (std::size_t n = 0; n < whole.size(); ++n) {
    for (const int bit : {0, 3, 7}) {
      std::string bytes = whole;
      bytes[n] = static_cast<char>(bytes[n] ^ (1 << bit));
      const Outcome o = read(bytes);
      // The minor version and the state bits are meant to be tolerated; what they say is checked against the records.
      const bool tolerated =
          (n >= format::kMinorAt && n < format::kMinorAt + 2) || (n >= format::kStateAt && n < format::kEndOffsetAt);
      if (tolerated) continue;
      ASSERT_FALSE(o.message.empty()) << "byte " << n << " bit " << bit;
      ASSERT_FALSE(o.complete);
      if (n < format::kHeaderSize) continue;
      std::size_t record = 0;
      while (record + 1 < offsets.size() && offsets[record + 1] <= n) ++record;
      ASSERT_NE(o.message.find("offset " + std::to_string(offsets[record])), std::string::npos) << o.message;
      ASSERT_GE(o.events.size(), record) << "what came before it is not lost";
    }
  }
}

TEST_F(Damage, OfOnePayloadCostsThatRecordOnly) {
  std::string bytes = whole;
  bytes[offsets[2] - 1] = static_cast<char>(bytes[offsets[2] - 1] ^ 1);
  const Outcome o = read(bytes);
  ASSERT_EQ(o.events.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (i == 1) continue;
    EXPECT_EQ(o.events[i], expected[i]);
  }
  EXPECT_NE(o.events[1].find("lost recording_cut records=1"), std::string::npos) << o.events[1];
}

TEST_F(Damage, RandomBytesAfterTheHeaderAreRefused) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole.substr(0, format::kHeaderSize);
    const std::size_t n = random() % 3000;
    for (std::size_t i = 0; i < n; ++i) bytes += static_cast<char>(random());
    EXPECT_FALSE(read(bytes).complete);
  }
}

TEST_F(Damage, AnUnfinishedRecordingGivesWhatIsThere) {
  std::string bytes = whole;
  bytes[format::kStateAt] = 1;
  const Outcome o = read(bytes);
  EXPECT_EQ(o.events, expected);
  EXPECT_FALSE(o.complete);
  EXPECT_TRUE(o.message.empty()) << "not damaged, only not finished";
}

TEST_F(Damage, BytesAfterTheEndAreNamed) {
  const Outcome o = read(whole + "tail");
  EXPECT_EQ(o.events, expected);
  EXPECT_FALSE(o.complete);
  EXPECT_NE(o.message.find("goes on"), std::string::npos);
}

TEST_F(Damage, ALengthThatCannotBeDoesNotAskForMemory) {
  std::string bytes = whole;
  put_at(bytes.data() + offsets[1] + 4, std::uint32_t{0xFFFFFFFF});
  const Outcome o = read(bytes);
  EXPECT_EQ(o.events.size(), 1u);
  EXPECT_NE(o.message.find("claims 4294967295 bytes"), std::string::npos);
}

TEST(Decode, RefusesBodiesThatLie) {
  event::Event e;
  const auto tag = [](format::Tag t) { return static_cast<std::uint16_t>(t); };
  EXPECT_EQ(decode(tag(format::Tag::kTick), "", e), Decoded::kMalformed);
  EXPECT_EQ(decode(tag(format::Tag::kTick), std::string_view("\xFF\xFF", 2), e), Decoded::kMalformed);

  std::string data;
  (void)encode(event::FlowData{.len = 2, .payload = "ab"}, data);
  EXPECT_EQ(decode(tag(format::Tag::kFlowData), data + "ab", e), Decoded::kEvent);
  EXPECT_EQ(decode(tag(format::Tag::kFlowData), data + "a", e), Decoded::kMalformed) << "a tail shorter than it says";
  std::string short_len;
  (void)encode(event::FlowData{.len = 1, .payload = "ab"}, short_len);
  EXPECT_EQ(decode(tag(format::Tag::kFlowData), short_len + "ab", e), Decoded::kMalformed)
      << "more payload than bytes moved";

  std::string facts;
  (void)encode(event::ProcessFacts{}, facts);
  put_at(facts.data() + facts.size() - 4, std::uint32_t{1'000'000'000});
  EXPECT_EQ(decode(tag(format::Tag::kProcessFacts), facts, e), Decoded::kMalformed) << "a billion arguments";
}

}  // namespace
}  // namespace mcpvigil::source
