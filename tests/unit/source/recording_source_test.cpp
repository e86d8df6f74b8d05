// SPDX-License-Identifier: Apache-2.0
#include "source/recording_source.h"

#include <gtest/gtest.h>

#include "every_event.h"
#include "source/capture_reader.h"
#include "source/scenario_source.h"
#include "temporary_file.h"

namespace mcpvigil::source {
namespace {

constexpr std::string_view kTalk = "process 1\nprocess 2\npipe p\nsend p 1->2 '{}' nl\neof p\nclose p\n";

std::vector<std::string> all_of(EventSource& s) {
  std::vector<std::string> out;
  for (;;) {
    const auto batch = s.next();
    if (!batch || batch->state == SourceState::kEnd) return out;
    for (auto& line : dumped(batch->events)) out.push_back(std::move(line));
  }
}

TEST(RecordingSource, PassesOnWhatItRecords) {
  const TemporaryFile file;
  auto talk = ScenarioSource::parse(kTalk);
  ASSERT_TRUE(talk.has_value()) << talk.error().message;
  const auto expected = dumped((*talk)->events());
  auto writer = CaptureWriter::create(file.path(), {});
  RecordingSource tee(std::move(*talk), std::move(*writer));
  EXPECT_EQ(all_of(tee), expected);
  ASSERT_TRUE(tee.finish().has_value());
  EXPECT_FALSE(tee.failure().has_value());
  auto back = CaptureReader::open(file.path());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(all_of(**back), expected) << "a replay gives what the live source gave";
  EXPECT_TRUE((*back)->complete());
}

TEST(RecordingSource, GoesOnWhenTheRecordingIsCut) {
  const TemporaryFile file;
  auto talk = ScenarioSource::parse(kTalk);
  const std::size_t expected = (*talk)->events().size();
  CaptureOptions options;
  options.max_bytes = 300;
  auto writer = CaptureWriter::create(file.path(), options);
  RecordingSource tee(std::move(*talk), std::move(*writer));
  EXPECT_EQ(all_of(tee).size(), expected);
  EXPECT_EQ(tee.writer().stopped(), CaptureStop::kMaxSize);
}

}  // namespace
}  // namespace mcpvigil::source
