// SPDX-License-Identifier: Apache-2.0
#include "frame/ndjson_framer.h"

#include <gtest/gtest.h>

#include "recording_listener.h"
#include "support/segmenter.h"

namespace mcpvigil::frame {
namespace {

using test::PaddedCopy;
using test::RecordingListener;
using Texts = std::vector<std::string>;

// Feeds one lane and holds the accounting law after every call.
class Lane {
 public:
  explicit Lane(base::StreamLimits limits = {}) : framer_(limits, seen) {}

  void feed(std::string_view piece) {
    const PaddedCopy copy(piece);
    framer_.feed(pos_, copy.view(), {++clock_});
    pos_ += piece.size();
    fed_ += piece.size();
    check();
  }
  void gap(std::uint64_t n) {
    framer_.gap(n, {++clock_});
    pos_ += n;
    check();
    EXPECT_EQ(framer_.buffered(), 0U);
  }
  void finish() {
    framer_.finish({++clock_});
    check();
    EXPECT_EQ(framer_.buffered(), 0U);
  }
  void start_at(std::uint64_t pos) { pos_ = pos; }
  [[nodiscard]] std::uint64_t buffered() const { return framer_.buffered(); }

  RecordingListener seen;

 private:
  void check() { ASSERT_EQ(seen.accounted + framer_.buffered(), fed_); }

  NdjsonFramer framer_;
  std::uint64_t pos_ = 0, fed_ = 0, clock_ = 0;
};

// What the input gives when fed whole; checked to be the same for every segmentation.
RecordingListener frames_of(std::string_view input, base::StreamLimits limits = {}) {
  Lane whole(limits);
  whole.feed(input);
  whole.finish();
  for (const test::Segmentation& s : test::segmentations(input)) {
    Lane lane(limits);
    for (const std::string_view piece : s.pieces) lane.feed(piece);
    lane.finish();
    EXPECT_EQ(lane.seen.texts(), whole.seen.texts()) << s.name << " of " << input;
    EXPECT_EQ(lane.seen.skipped, whole.seen.skipped) << s.name << " of " << input;
    for (std::size_t i = 0; i < lane.seen.frames.size() && i < whole.seen.frames.size(); ++i) {
      EXPECT_EQ(lane.seen.frames[i].begin, whole.seen.frames[i].begin) << s.name << " of " << input;
    }
    if (testing::Test::HasFailure()) break;
  }
  return whole.seen;
}

const std::string kOne = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";
const std::string kTwo = R"({"result":{"text":"a } ] \" { [ \\"},"jsonrpc":"2.0","id":2})";

TEST(NdjsonFramer, GivesOneFrameALine) {
  const auto seen = frames_of(kOne + "\n" + kTwo + "\n");
  EXPECT_EQ(seen.texts(), (Texts{kOne, kTwo}));
  EXPECT_EQ(seen.frames[0].begin, 0U);
  EXPECT_EQ(seen.frames[1].begin, kOne.size() + 1);
  EXPECT_EQ(seen.frames[1].wire_bytes, kTwo.size());
  EXPECT_EQ(seen.frames[0].framing, Framing::kNdjson);
  EXPECT_FALSE(seen.frames[0].after_gap);
  EXPECT_EQ(seen.skip(SkipReason::kProtocolFraming), 2U);
}

TEST(NdjsonFramer, TakesCarriageReturnsBlankLinesAndLeadingSpace) {
  const auto seen = frames_of("\r\n\n  \t" + kOne + " \r\n \n" + kTwo + "\r\n\r\n");
  EXPECT_EQ(seen.texts(), (Texts{kOne, kTwo}));
  EXPECT_EQ(seen.skip(SkipReason::kBlank), 5U);
  EXPECT_EQ(seen.skip(SkipReason::kProtocolFraming), 10U);
  EXPECT_EQ(seen.skip(SkipReason::kNotJson), 0U);
}

TEST(NdjsonFramer, TakesAByteOrderMarkAtTheStartOfALine) {
  const auto seen = frames_of("\xEF\xBB\xBF" + kOne + "\n\xEF\xBB\xBF" + kTwo + "\n\xEF\xBBno\n");
  EXPECT_EQ(seen.texts(), (Texts{kOne, kTwo}));
  EXPECT_EQ(seen.skip(SkipReason::kProtocolFraming), 9U);
  EXPECT_EQ(seen.skip(SkipReason::kNotJson), 4U);
}

TEST(NdjsonFramer, GivesAMessageBeforeItsNewlineCame) {
  Lane lane;
  lane.feed(kOne);
  EXPECT_EQ(lane.seen.texts(), Texts{kOne});
  EXPECT_EQ(lane.buffered(), 0U);
}

TEST(NdjsonFramer, TakesAMessageWithoutNewlineAtTheEnd) {
  EXPECT_EQ(frames_of(kOne + "\n" + kTwo).texts(), (Texts{kOne, kTwo}));
}

TEST(NdjsonFramer, TakesSeveralMessagesOnOneLine) {
  EXPECT_EQ(frames_of(kOne + kTwo + " " + kOne + "\r\n" + kTwo + "\n").texts(), (Texts{kOne, kTwo, kOne, kTwo}));
}

TEST(NdjsonFramer, TakesAMessageOverSeveralLines) {
  const std::string pretty =
      "{\n  \"jsonrpc\": \"2.0\",\r\n\r\n  \"params\": {\n    \"list\": [\n      {\"a\": 1},\n"
      "      [true,\n        -1, null\n      ]\n    ]\n  },\n  \"id\" :\n    3\n}";
  EXPECT_EQ(frames_of(pretty + "\n" + kOne + "\n" + pretty).texts(), (Texts{pretty, kOne, pretty}));
}

TEST(NdjsonFramer, TakesALineThatLooksClosedAndIsNot) {
  const std::string odd = "{\"a\":{\"x\":\"}\"}\n,\"b\":1}";
  EXPECT_EQ(frames_of(odd + "\n").texts(), Texts{odd});
}

TEST(NdjsonFramer, TakesABatchOnOneLineAndOverSeveral) {
  const std::string batch = "[" + kOne + "," + kTwo + "]";
  const std::string pretty = "[\n" + kOne + ",\n" + kTwo + "\n]";
  EXPECT_EQ(frames_of(batch + "\n" + pretty + "\n[]\n").texts(), (Texts{batch, pretty, "[]"}));
}

TEST(NdjsonFramer, SkipsBannersAndLogsBetweenMessages) {
  const auto seen =
      frames_of("Server v1 {beta} on stdio\n" + kOne + "\n[INFO] ready\n{name} joined\n" + kTwo + " ok\n");
  EXPECT_EQ(seen.texts(), (Texts{kOne, kTwo}));
  EXPECT_EQ(seen.skip(SkipReason::kNotJson), 25U + 12U + 2U);
  EXPECT_EQ(seen.skip(SkipReason::kMalformedJson), 13U);
}

struct Broken {
  std::string name, line;
};

TEST(NdjsonFramer, LosesOnlyTheBrokenLine) {
  const Broken all[] = {
      {"cut in a string", R"({"jsonrpc":"2.0","method":"to)"},
      {"cut in an escape", R"({"jsonrpc":"2.0","method":"to\)"},
      {"cut after a key", R"({"jsonrpc")"},
      {"cut after a colon", R"({"jsonrpc":)"},
      {"cut after a comma", R"({"jsonrpc":"2.0",)"},
      {"cut after a comma in an array", R"({"params":{"list":[{"a":1},)"},
      {"cut after an array was opened", R"({"params":{"list":[)"},
      {"cut after an object was opened", R"({"params":{)"},
      {"cut after one brace", R"({)"},
      {"cut after one bracket", R"([)"},
      {"cut after a number", R"({"id":12)"},
      {"cut before the last brace", R"({"result":{"a":[1,2]})"},
      {"one brace too many", R"({"result":{}}})"},
      {"an odd quote", R"({"result":"a"b"})"},
      {"not a key", R"({result:{})"},
      {"two braces", R"({{"a":1})"},
  };
  for (const Broken& b : all) {
    SCOPED_TRACE(b.name);
    const auto seen = frames_of(kOne + "\n" + b.line + "\n" + kTwo + "\n" + kOne + "\n" + kTwo + "\n");
    Texts texts = seen.texts();
    // "{..}}" is a message and a stray brace.
    if (b.name == "one brace too many") texts.erase(texts.begin() + 1);
    EXPECT_EQ(texts, (Texts{kOne, kTwo, kOne, kTwo}));
  }
}

TEST(NdjsonFramer, CountsTheBrokenLineAsMalformed) {
  const auto seen = frames_of("{\"a\":1\n" + kOne + "\n{\"b\":\"x\n" + kTwo + "\n");
  EXPECT_EQ(seen.texts(), (Texts{kOne, kTwo}));
  EXPECT_EQ(seen.skip(SkipReason::kMalformedJson), 7U + 7U);
}

TEST(NdjsonFramer, GivesWhatABrokenLineHadSwallowedWhenTheStreamEnds) {
  const auto seen = frames_of("{\"a\":\n" + kOne);
  EXPECT_EQ(seen.texts(), Texts{kOne});
  EXPECT_EQ(seen.frames[0].begin, 6U);
  EXPECT_EQ(seen.skip(SkipReason::kUnfinished), 6U);
}

TEST(NdjsonFramer, TakesNoInnerLineOfABrokenMessageForAMessage) {
  const auto seen = frames_of("{\n  \"a\": [\n    {\"x\": 1},\n    oops\n    {\"y\": 2}\n  ]\n}\n" + kOne + "\n");
  EXPECT_EQ(seen.texts(), Texts{kOne});
}

TEST(NdjsonFramer, SkipsTheRestOfTheLineOfATooLargeMessage) {
  base::StreamLimits limits;
  limits.max_message = 100;
  const std::string exact = "{\"a\":\"" + std::string(92, 'x') + "\"}";
  const std::string larger = "{\"a\":\"" + std::string(93, 'x') + "\"}";
  ASSERT_EQ(exact.size(), 100U);
  const auto seen = frames_of(kOne + "\n" + exact + "\n" + larger + larger + "\n" + kTwo + "\n", limits);
  EXPECT_EQ(seen.texts(), (Texts{kOne, exact, kTwo}));
  EXPECT_EQ(seen.skip(SkipReason::kTooLarge), 2 * larger.size());
}

TEST(NdjsonFramer, TakesNoInnerLineOfATooLargeMessageForAMessage) {
  base::StreamLimits limits;
  limits.max_message = 50;
  std::string pretty = "{\n  \"list\": [\n";
  for (int i = 0; i < 20; ++i) pretty += "    {\"a\": 1}\n,\n";
  pretty += "    {\"a\": 1}\n  ]\n}\n";
  EXPECT_EQ(frames_of(pretty + kOne + "\n", limits).texts(), Texts{kOne});
}

TEST(NdjsonFramer, DropsAMessageTheMemoryBudgetRefusesAndResynchronises) {
  base::MemoryBudget budget(8192);
  base::StreamLimits limits;
  limits.budget = &budget;
  {
    Lane lane(limits);
    const std::string large = "{\"a\":\"" + std::string(20000, 'x') + "\"}\n" + kOne + "\n";
    for (const std::string_view piece : test::in_pieces_of(large, 1000).pieces) lane.feed(piece);
    EXPECT_EQ(lane.seen.texts(), Texts{kOne});
    EXPECT_EQ(lane.seen.skip(SkipReason::kMemoryCap), 20008U);
    EXPECT_GT(budget.refused(), 0U);
  }
  EXPECT_EQ(budget.used(), 0U);
}

TEST(NdjsonFramer, ReportsWhenTheFirstAndTheLastByteMoved) {
  Lane lane;
  lane.feed("\n");
  lane.feed(kOne.substr(0, 5));
  lane.feed(kOne.substr(5, 5));
  lane.feed(kOne.substr(10));
  ASSERT_EQ(lane.seen.frames.size(), 1U);
  EXPECT_EQ(lane.seen.frames[0].first_ns, 2U);
  EXPECT_EQ(lane.seen.frames[0].last_ns, 4U);
}

TEST(NdjsonFramer, KeepsTheMessageThatFollowsAGapWhenTheLineIsExactlyOneValue) {
  Lane lane;
  lane.feed(kOne + "\n");
  lane.gap(77);
  lane.feed(kTwo + "\r\n" + kOne + "\n");
  EXPECT_EQ(lane.seen.texts(), (Texts{kOne, kTwo, kOne}));
  EXPECT_TRUE(lane.seen.frames[1].after_gap);
  EXPECT_FALSE(lane.seen.frames[2].after_gap);
}

TEST(NdjsonFramer, SkipsTheTailOfAMessageAfterAGap) {
  for (const std::string tail :
       {R"({"b":1}})", R"({"b":1}]})", R"(lo","id":1})", R"({ x"}})", R"({"a":"b)", "  {}", ""}) {
    Lane lane;
    lane.feed(kOne + "\n{\"a\":\"hel");
    lane.gap(3);
    lane.feed(tail + "\n" + kTwo + "\n");
    EXPECT_EQ(lane.seen.texts(), (Texts{kOne, kTwo})) << tail;
    EXPECT_EQ(lane.seen.skip(SkipReason::kUnfinished), 9U + tail.size());
  }
}

TEST(NdjsonFramer, StartsInTheMiddleOfAStreamAsAfterAGap) {
  Lane lane;
  lane.start_at(1000);
  lane.feed("\"text\":\"x\"}}\n" + kOne + "\n");
  EXPECT_EQ(lane.seen.texts(), Texts{kOne});
  EXPECT_EQ(lane.seen.frames[0].begin, 1013U);
  EXPECT_TRUE(lane.seen.frames[0].after_gap);
}

TEST(NdjsonFramer, IsNotBlindForGoodWhenEveryMessageIsIndented) {
  Lane lane;
  lane.feed(" " + kOne + "\n");
  lane.gap(5);
  for (int i = 0; i < 3000; ++i) lane.feed(" " + kOne + "\n");
  EXPECT_GT(lane.seen.frames.size(), 1000U);
}

// Removes `n` bytes at every position: what is given must be part of what was sent, and all that does not touch the
// gap's line must be there.
TEST(NdjsonFramer, AGapAnywhereNeitherGluesNorInventsMessages) {
  const std::string pretty =
      "{\n  \"jsonrpc\": \"2.0\",\n  \"params\": {\n    \"x\": [\n      {\n        \"y\": 1\n"
      "      }\n    ]\n  },\n  \"id\": 5\n}";
  const std::string input = kOne + "\n" + kTwo + "\n" + pretty + "\nlog line\n[" + kOne + "," + kTwo + "]\r\n" + kTwo +
                            kOne + "\n" + kOne + "\n" + kTwo + "\n";
  const Texts sent = frames_of(input).texts();
  ASSERT_EQ(sent.size(), 8U);
  for (const std::size_t n : {1U, 2U, 10U, 60U, 200U}) {
    for (std::size_t at = 0; at + n <= input.size(); ++at) {
      Lane lane;
      if (at > 0) lane.feed(std::string_view(input).substr(0, at));
      lane.gap(n);
      lane.feed(std::string_view(input).substr(at + n));
      lane.finish();
      for (const test::SeenFrame& f : lane.seen.frames) {
        EXPECT_NE(std::find(sent.begin(), sent.end(), f.text), sent.end())
            << "gap of " << n << " at " << at << " gave " << f.text;
        EXPECT_EQ(input.substr(f.begin, f.text.size()), f.text);
      }
      Lane before;
      before.feed(std::string_view(input).substr(0, at));
      ASSERT_GE(lane.seen.frames.size(), before.seen.frames.size()) << "gap of " << n << " at " << at;
      if (at + n + kOne.size() + kTwo.size() + 3 < input.size()) {
        EXPECT_EQ(lane.seen.texts().back(), kTwo);
      }
    }
  }
}

}  // namespace
}  // namespace mcpvigil::frame
