// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "every_event.h"
#include "source/capture_codec.h"
#include "source/capture_reader.h"
#include "source/capture_writer.h"
#include "source/crc32c.h"
#include "source/little_endian.h"
#include "temporary_file.h"

namespace mcpvigil::source {
namespace {

struct ReadBack {
  std::vector<std::string> events;
  std::size_t largest_batch = 0;
  std::unique_ptr<CaptureReader> reader;
};

ReadBack read_all(base::Result<std::unique_ptr<CaptureReader>> opened) {
  ReadBack out;
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
  if (!opened) return out;
  out.reader = std::move(*opened);
  for (;;) {
    const auto batch = out.reader->next();
    EXPECT_TRUE(batch.has_value());
    if (!batch || batch->state == SourceState::kEnd) return out;
    EXPECT_EQ(batch->state, SourceState::kBatch);
    EXPECT_FALSE(batch->events.empty());
    out.largest_batch = std::max(out.largest_batch, batch->events.size());
    for (const auto& line : dumped(batch->events)) out.events.push_back(line);
    for (const event::Event& e : batch->events) {
      const auto* d = std::get_if<event::FlowData>(&e);
      if (d == nullptr || d->payload.empty()) continue;
      volatile char sink = 0;  // padded bytes: a sanitizer would tell
      for (std::size_t i = 0; i < base::kPadding; ++i) sink = sink ^ d->payload.data()[d->payload.size() + i];
    }
  }
}

TEST(Capture, HoldsEveryKindOfEventExactly) {
  test::EventBuilder b;
  const auto events = every_event(b);
  std::set<std::size_t> kinds;
  for (const auto& e : events) kinds.insert(e.index());
  ASSERT_EQ(kinds.size(), std::variant_size_v<event::Event>) << "a kind is missing from every_event()";

  const TemporaryFile file;
  auto w = CaptureWriter::create(file.path(), {});
  ASSERT_TRUE(w.has_value());
  for (const auto& e : events) ASSERT_TRUE(w->write(e).has_value());
  ASSERT_TRUE(w->finish().has_value());
  const ReadBack r = read_all(CaptureReader::open(file.path()));
  EXPECT_EQ(r.events, dumped(events));
  EXPECT_TRUE(r.reader->complete());
  EXPECT_FALSE(r.reader->damage().has_value());
  EXPECT_EQ(r.reader->records(), events.size());
}

TEST(Capture, HoldsPayloadsOfEverySize) {
  test::EventBuilder b;
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{4096}, CaptureWriter::kBuffer - 1,
        CaptureWriter::kBuffer, CaptureWriter::kBuffer + 1, CaptureReader::kBatchBytes, std::size_t{5} << 20}) {
    b.read(1, 10, std::string(n, static_cast<char>('a' + n % 26)));
  }
  const TemporaryFile file;
  auto w = CaptureWriter::create(file.path(), {});
  ASSERT_TRUE(w.has_value());
  for (const auto& e : b.events()) ASSERT_TRUE(w->write(e).has_value());
  ASSERT_TRUE(w->finish().has_value());
  const ReadBack r = read_all(CaptureReader::open(file.path()));
  EXPECT_EQ(r.events, dumped(b.events()));
  EXPECT_TRUE(r.reader->complete());
}

TEST(Capture, GivesBatchesOfBoundedSize) {
  test::EventBuilder b;
  for (int i = 0; i < 10000; ++i) b.wait_ms(1).tick();
  const TemporaryFile file;
  auto w = CaptureWriter::create(file.path(), {});
  for (const auto& e : b.events()) ASSERT_TRUE(w->write(e).has_value());
  ASSERT_TRUE(w->finish().has_value());
  const ReadBack r = read_all(CaptureReader::open(file.path()));
  EXPECT_EQ(r.events.size(), 10000u);
  EXPECT_EQ(r.largest_batch, CaptureReader::kBatchEvents);
}

TEST(Capture, OfNothingIsComplete) {
  const TemporaryFile file;
  auto w = CaptureWriter::create(file.path(), {});
  ASSERT_TRUE(w->finish().has_value());
  const ReadBack r = read_all(CaptureReader::open(file.path()));
  EXPECT_TRUE(r.events.empty());
  EXPECT_TRUE(r.reader->complete());
}

// A record as a later version might write it.
std::string record(std::uint16_t tag, const std::string& body) {
  std::string out;
  put(out, tag);
  put(out, std::uint16_t{0});
  put(out, static_cast<std::uint32_t>(body.size()));
  put(out, crc32c(crc32c(0, out), body));
  return out + body;
}

TEST(Capture, SkipsWhatALaterVersionAdds) {
  test::EventBuilder b;
  std::string tick;
  (void)encode(event::Tick{{7}}, tick);
  std::string longer;  // a fixed part with one more field, and a tail that is not known
  put(longer, std::uint16_t{12});
  put(longer, std::uint64_t{8});
  put(longer, std::uint32_t{99});
  put(longer, std::uint32_t{2});
  longer += "zz";
  const auto number = [](capture_format::Tag t) { return static_cast<std::uint16_t>(t); };
  const std::string file = encode_header({}) + record(number(capture_format::Tag::kTick), tick) +
                           record(999, "whatever this is") + record(number(capture_format::Tag::kTick), longer);
  const ReadBack r = read_all(CaptureReader::over(file));
  EXPECT_EQ(r.events, (std::vector<std::string>{"0.000000007 tick", "0.000000008 tick"}));
  EXPECT_EQ(r.reader->unknown_records(), 1u);
  EXPECT_FALSE(r.reader->damage().has_value());
}

TEST(Capture, TakesDefaultsForWhatAnEarlierVersionDidNotKnow) {
  std::string shorter;
  put(shorter, std::uint16_t{16});
  put(shorter, std::uint64_t{5});
  put(shorter, std::uint64_t{6});
  event::Event e;
  ASSERT_EQ(decode(static_cast<std::uint16_t>(capture_format::Tag::kFlowClose), shorter, e), Decoded::kEvent);
  EXPECT_EQ(event::dump(e), event::dump(event::FlowClose{.ts = {5}, .flow = base::FlowId{6}}));
}

}  // namespace
}  // namespace mcpvigil::source
