// SPDX-License-Identifier: Apache-2.0
// Every scenario in tests/scenarios is read, survives a recording, and keeps the assembler's law.
#include <gtest/gtest.h>

#include <filesystem>

#include "every_event.h"
#include "source/capture_reader.h"
#include "source/recording_source.h"
#include "source/scenario_source.h"
#include "temporary_file.h"
#include "unit/stream/heard.h"

namespace mcpvigil::source {
namespace {

TEST(ScenarioFiles, AreReadRecordedAndAssembled) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/scenarios")) {
    if (entry.path().extension() != ".scn") continue;
    SCOPED_TRACE(entry.path().string());
    ++files;
    auto s = ScenarioSource::open(entry.path().string());
    ASSERT_TRUE(s.has_value()) << s.error().message;
    const auto expected = dumped((*s)->events());

    stream::Heard heard;
    stream::StreamAssembler assembler({}, heard, &heard);
    for (const event::Event& e : (*s)->events()) {
      assembler.on_event(e);
      heard.check(assembler);
    }
    assembler.finish(event::time_of((*s)->events().back()));
    EXPECT_FALSE(heard.order.empty());

    const TemporaryFile file;
    auto w = CaptureWriter::create(file.path(), {});
    for (const event::Event& e : (*s)->events()) ASSERT_TRUE(w->write(e).has_value());
    ASSERT_TRUE(w->finish().has_value());
    auto r = CaptureReader::open(file.path());
    ASSERT_TRUE(r.has_value());
    std::vector<std::string> back;
    for (auto b = (*r)->next(); b && b->state == SourceState::kBatch; b = (*r)->next()) {
      for (auto& line : dumped(b->events)) back.push_back(std::move(line));
    }
    EXPECT_EQ(back, expected);
    EXPECT_TRUE((*r)->complete());
  }
  EXPECT_GE(files, 10u);
}

}  // namespace
}  // namespace mcpvigil::source
