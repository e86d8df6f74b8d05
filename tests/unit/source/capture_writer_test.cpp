// SPDX-License-Identifier: Apache-2.0
#include "source/capture_writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "source/capture_reader.h"
#include "support/event_builder.h"
#include "temporary_file.h"

namespace mcpvigil::source {
namespace {

std::uint64_t events_in(CaptureReader& r) {
  std::uint64_t n = 0;
  for (;;) {
    const auto batch = r.next();
    if (!batch || batch->state == SourceState::kEnd) return n;
    n += batch->events.size();
  }
}

TEST(CaptureWriter, LeavesAnUnfinishedFileThatSaysSo) {
  const TemporaryFile file;
  {
    auto w = CaptureWriter::create(file.path(), {});
    ASSERT_TRUE(w.has_value());
    ASSERT_TRUE(w->write(event::Tick{{1}}).has_value());
  }
  auto r = CaptureReader::open(file.path());
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(events_in(**r), 1u);
  EXPECT_FALSE((*r)->complete());
  EXPECT_FALSE((*r)->damage().has_value());
}

TEST(CaptureWriter, IsKnownAsARecordingFromItsFirstMoment) {
  const TemporaryFile file;
  auto w = CaptureWriter::create(file.path(), {});
  ASSERT_TRUE(w.has_value());
  EXPECT_TRUE(CaptureReader::open(file.path()).has_value());
}

TEST(CaptureWriter, StopsAtItsLimitWithAWholeRecordAndSaysThatItWasCut) {
  const TemporaryFile file;
  CaptureOptions options;
  options.max_bytes = 1000;
  auto w = CaptureWriter::create(file.path(), options);
  ASSERT_TRUE(w.has_value());
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(w->write(event::Tick{{i}}).has_value());
  EXPECT_EQ(w->stopped(), CaptureStop::kMaxSize);
  EXPECT_EQ(w->records() + w->dropped(), 100u);
  EXPECT_GT(w->records(), 0u);
  ASSERT_TRUE(w->finish().has_value());
  EXPECT_LE(file.content().size(), 1000u);
  auto r = CaptureReader::open(file.path());
  EXPECT_EQ(events_in(**r), w->records());
  EXPECT_TRUE((*r)->complete());
  EXPECT_TRUE((*r)->info().cut);
}

TEST(CaptureWriter, KeepsTheFileForItsOwner) {
  const TemporaryFile file;
  const std::string path = file.path() + ".cap";
  {
    auto w = CaptureWriter::create(path, {});
    ASSERT_TRUE(w.has_value());
  }
  struct stat st{};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0077u, 0u);
  ::unlink(path.c_str());
}

TEST(CaptureWriter, NamesTheFileItCannotCreate) {
  const auto w = CaptureWriter::create("/nowhere/at/all.cap", {});
  ASSERT_FALSE(w.has_value());
  EXPECT_NE(w.error().message.find("/nowhere/at/all.cap"), std::string::npos);
}

TEST(CaptureWriter, StopsForGoodWhenTheDiskIsFull) {
  auto w = CaptureWriter::create("/dev/full", {});
  EXPECT_FALSE(w.has_value()) << "the header does not fit";
}

TEST(CaptureReader, NamesTheFileItCannotOpen) {
  const auto r = CaptureReader::open("/nowhere/at/all.cap");
  ASSERT_FALSE(r.has_value());
  EXPECT_NE(r.error().message.find("/nowhere/at/all.cap"), std::string::npos);
}

TEST(CaptureReader, NamesTheFileThatIsNoRecording) {
  const TemporaryFile file;
  file.put("#!/bin/sh\n");
  const auto r = CaptureReader::open(file.path());
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().code, base::ErrorCode::kFormat);
  EXPECT_NE(r.error().message.find(file.path()), std::string::npos);
}

}  // namespace
}  // namespace mcpvigil::source
