// SPDX-License-Identifier: Apache-2.0
#include "frame/sse_parser.h"

#include <gtest/gtest.h>

#include "support/segmenter.h"

namespace mcpvigil::frame {
namespace {

struct Event {
  std::string event, id, data;
  bool operator==(const Event&) const = default;
};

void PrintTo(const Event& e, std::ostream* os) { *os << e.event << "|" << e.id << "|" << e.data; }

class Sink : public SseSink {
 public:
  void on_event(const SseEvent& e, Bytes data, std::uint64_t n) override {
    events.push_back({std::string(e.event), std::string(e.id), std::string(data)});
    accounted += n;
  }
  void on_no_event(SkipReason why, std::uint64_t n) override {
    skipped[static_cast<std::size_t>(why)] += n;
    accounted += n;
  }
  [[nodiscard]] std::uint64_t skip(SkipReason why) const { return skipped[static_cast<std::size_t>(why)]; }

  std::vector<Event> events;
  std::array<std::uint64_t, static_cast<std::size_t>(SkipReason::kCount)> skipped{};
  std::uint64_t accounted = 0;
};

Sink run(const std::vector<std::string_view>& pieces, base::StreamLimits limits) {
  Sink sink;
  SseParser parser(limits, sink);
  std::uint64_t fed = 0;
  for (const std::string_view piece : pieces) {
    const test::PaddedCopy copy(piece);
    parser.feed(copy.view());
    fed += piece.size();
    EXPECT_EQ(sink.accounted + parser.pending(), fed);
  }
  parser.finish();
  EXPECT_EQ(sink.accounted, fed);
  return sink;
}

Sink events_of(std::string_view input, base::StreamLimits limits = {}) {
  Sink whole = run({input}, limits);
  for (const test::Segmentation& s : test::segmentations(input)) {
    const Sink cut = run(s.pieces, limits);
    EXPECT_EQ(cut.events, whole.events) << s.name;
    EXPECT_EQ(cut.skipped, whole.skipped) << s.name;
  }
  return whole;
}

using Events = std::vector<Event>;

TEST(SseParser, TakesEveryLineEnd) {
  for (const std::string eol : {"\n", "\r\n", "\r"}) {
    const Sink s =
        events_of("event: message" + eol + "id: 7" + eol + "data: {\"a\":1}" + eol + eol + "data:{}" + eol + eol);
    EXPECT_EQ(s.events, (Events{{"message", "7", "{\"a\":1}"}, {"message", "7", "{}"}}));
  }
}

TEST(SseParser, JoinsDataLinesWithANewline) {
  EXPECT_EQ(events_of("data: {\ndata:  \"a\":1\ndata\ndata:}\n\n").events,
            (Events{{"message", "", "{\n \"a\":1\n\n}"}}));
}

TEST(SseParser, SkipsCommentsRetryAndUnknownFieldsAsFraming) {
  const Sink s = events_of(": keep-alive\n\nretry: 3000\nfoo: bar\nlong_field_name: x\n\ndata: {}\n\n:\n\n");
  EXPECT_EQ(s.events, (Events{{"message", "", "{}"}}));
  EXPECT_EQ(s.skip(SkipReason::kProtocolFraming), s.accounted - 10);
}

TEST(SseParser, ReportsAKeepAliveAtOnce) {
  Sink sink;
  SseParser parser({}, sink);
  parser.feed(": ping\r\n\r\n");
  EXPECT_EQ(parser.pending(), 0U);
  EXPECT_EQ(sink.skip(SkipReason::kProtocolFraming), 10U);
}

TEST(SseParser, GivesNoEventForEmptyOrBlankData) {
  const Sink s = events_of("id: 1\ndata:\n\ndata:   \n\nevent: ping\n\ndata: [1]\n\n");
  EXPECT_EQ(s.events, (Events{{"message", "1", "[1]"}}));
}

TEST(SseParser, GivesTheEndpointEvent) {
  EXPECT_EQ(events_of("event: endpoint\r\ndata: /messages/?session_id=ab\r\n\r\n").events,
            (Events{{"endpoint", "", "/messages/?session_id=ab"}}));
}

TEST(SseParser, TakesAByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(events_of("\xEF\xBB\xBF"
                      "data: 1\n\n\xEF\xBB\xBF"
                      "data: 2\n\ndata: 3\n\n")
                .events,
            (Events{{"message", "", "1"}, {"message", "", "3"}}));
  EXPECT_EQ(events_of("\xEF\xBB"
                      "data: 1\n\ndata: 2\n\n")
                .events,
            (Events{{"message", "", "2"}}));
}

TEST(SseParser, CutsInUtf8DoNoHarm) {
  EXPECT_EQ(events_of("data: {\"t\":\"h\xC3\xA9\xF0\x9F\x98\x80\"}\n\n").events,
            (Events{{"message", "", "{\"t\":\"h\xC3\xA9\xF0\x9F\x98\x80\"}"}}));
}

TEST(SseParser, AnEventWithoutItsBlankLineIsUnfinished) {
  const Sink s = events_of("data: 1\n\ndata: 2\n");
  EXPECT_EQ(s.events.size(), 1U);
  EXPECT_EQ(s.skip(SkipReason::kUnfinished), 8U);
}

TEST(SseParser, DropsATooLargeEventAndGivesTheNext) {
  base::StreamLimits limits;
  limits.max_message = 10;
  const Sink s = events_of("data: 0123456789\n\ndata: 01234567890\n\ndata: 1\n\n", limits);
  EXPECT_EQ(s.events, (Events{{"message", "", "0123456789"}, {"message", "", "1"}}));
  EXPECT_EQ(s.skip(SkipReason::kTooLarge), 19U);
}

TEST(SseParser, DropsAnEventTheBudgetRefuses) {
  base::MemoryBudget budget(100);
  base::StreamLimits limits;
  limits.budget = &budget;
  const Sink s = run({"data: 1\n\n"}, limits);
  EXPECT_TRUE(s.events.empty());
  EXPECT_EQ(s.skip(SkipReason::kMemoryCap), 9U);
}

TEST(SseParser, IgnoresAnIdWithNulOrTooLong) {
  EXPECT_EQ(
      events_of("id: 1\nid: a" + std::string(1, '\0') + "\ndata: x\n\nid: " + std::string(2000, 'i') + "\ndata: y\n\n")
          .events,
      (Events{{"message", "1", "x"}, {"message", "1", "y"}}));
}

TEST(SseParser, AfterLosingItsPlaceGivesTheEventAfterTheNextBlankLine) {
  Sink sink;
  SseParser parser({}, sink);
  parser.feed("id: 4\ndata: {\"a\"");
  parser.lose_place(false);
  parser.feed("1}\ndata: 2\n\ndata: 3\n\n");
  EXPECT_EQ(sink.events, (Events{{"message", "4", "3"}}));
}

}  // namespace
}  // namespace mcpvigil::frame
