// SPDX-License-Identifier: Apache-2.0
#include "event/names.h"

#include <gtest/gtest.h>

#include <set>

namespace mcpvigil::event {
namespace {

TEST(EventNames, ReadBackAsWritten) {
  for (std::uint8_t i = 1; i <= 7; ++i) EXPECT_EQ(flow_kind_named(name(FlowKind{i})), FlowKind{i});
  for (std::uint8_t i = 1; i <= 5; ++i) EXPECT_EQ(blind_spot_named(name(BlindSpot{i})), BlindSpot{i});
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(base::LossReason::kCount); ++i) {
    EXPECT_EQ(loss_reason_named(base::name(base::LossReason{i})), base::LossReason{i});
  }
}

TEST(EventNames, AreQuestionMarksForNumbersOutOfRange) {
  EXPECT_EQ(name(FlowKind{99}), "?");
  EXPECT_EQ(name(Way{9}), "?");
  EXPECT_EQ(name(BlindSpot{99}), "?");
  EXPECT_FALSE(flow_kind_named("?").has_value());
  EXPECT_FALSE(blind_spot_named("").has_value());
  EXPECT_FALSE(loss_reason_named("?").has_value());
}

template <std::size_t... I>
std::set<std::string_view> all_kinds(std::index_sequence<I...>) {
  return {kind_name(Event{std::in_place_index<I>})...};
}

TEST(EventNames, AreOfTheirOwnForEveryKind) {
  constexpr std::size_t n = std::variant_size_v<Event>;
  EXPECT_EQ(all_kinds(std::make_index_sequence<n>{}).size(), n);
  EXPECT_EQ(kind_name(Event{FlowData{}}), "flow_data");
  EXPECT_EQ(kind_name(Event{FlowSkipped{}}), "flow_skipped");
  EXPECT_EQ(kind_name(Event{ProcessFacts{}}), "process_facts");
  EXPECT_EQ(kind_name(Event{Tick{}}), "tick");
}

}  // namespace
}  // namespace mcpvigil::event
