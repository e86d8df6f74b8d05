// SPDX-License-Identifier: Apache-2.0
#include "mcp/method.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

// Section 1.2 of the protocol notes, written out by hand: the table in method.cpp must say the same.
constexpr std::uint16_t kUpTo2503 = k2024_10_07 | k2024_11_05 | k2025_03_26;
constexpr std::uint16_t kHandshake = kUpTo2503 | k2025_06_18 | k2025_11_25;
constexpr std::uint16_t kEvery = kHandshake | k2026_07_28;

const struct {
  std::string_view name;
  std::uint16_t revisions;
  Sender sender;
  Evidence evidence;  // of a plain request or notification of that name
} kRows[] = {
    {"tools/list", kEvery, Sender::kClient, Evidence::kStrong},
    {"tools/call", kEvery, Sender::kClient, Evidence::kNothing},  // strong only with a name
    {"resources/list", kEvery, Sender::kClient, Evidence::kStrong},
    {"resources/read", kEvery, Sender::kClient, Evidence::kStrong},
    {"resources/templates/list", kEvery, Sender::kClient, Evidence::kStrong},
    {"prompts/list", kEvery, Sender::kClient, Evidence::kStrong},
    {"prompts/get", kEvery, Sender::kClient, Evidence::kStrong},
    {"completion/complete", kEvery, Sender::kClient, Evidence::kStrong},
    {"sampling/createMessage", kEvery, Sender::kServer, Evidence::kStrong},
    {"roots/list", kEvery, Sender::kServer, Evidence::kStrong},
    {"notifications/cancelled", kEvery, Sender::kEither, Evidence::kNothing},
    {"notifications/progress", kEvery, Sender::kEither, Evidence::kNothing},
    {"notifications/message", kEvery, Sender::kServer, Evidence::kNothing},
    {"notifications/tools/list_changed", kEvery, Sender::kServer, Evidence::kStrong},
    {"notifications/prompts/list_changed", kEvery, Sender::kServer, Evidence::kStrong},
    {"notifications/resources/list_changed", kEvery, Sender::kServer, Evidence::kStrong},
    {"notifications/resources/updated", kEvery, Sender::kServer, Evidence::kStrong},
    {"initialize", kHandshake, Sender::kClient, Evidence::kNothing},
    {"notifications/initialized", kHandshake, Sender::kClient, Evidence::kNothing},
    {"ping", kHandshake, Sender::kEither, Evidence::kNothing},
    {"logging/setLevel", kHandshake, Sender::kClient, Evidence::kStrong},
    {"resources/subscribe", kHandshake, Sender::kClient, Evidence::kStrong},
    {"resources/unsubscribe", kHandshake, Sender::kClient, Evidence::kStrong},
    {"notifications/roots/list_changed", kHandshake, Sender::kClient, Evidence::kStrong},
    {"elicitation/create", k2025_06_18 | k2025_11_25 | k2026_07_28, Sender::kServer, Evidence::kNothing},
    {"notifications/elicitation/complete", k2025_11_25, Sender::kServer, Evidence::kNothing},
    {"tasks/get", k2025_11_25 | kTasksExtension, Sender::kEither, Evidence::kNothing},
    {"tasks/list", k2025_11_25, Sender::kEither, Evidence::kNothing},
    {"tasks/result", k2025_11_25, Sender::kEither, Evidence::kNothing},
    {"tasks/cancel", k2025_11_25 | kTasksExtension, Sender::kEither, Evidence::kNothing},
    {"notifications/tasks/status", k2025_11_25, Sender::kEither, Evidence::kNothing},
    {"tasks/update", kTasksExtension, Sender::kClient, Evidence::kNothing},
    {"notifications/tasks", kTasksExtension, Sender::kServer, Evidence::kNothing},
    {"server/discover", k2026_07_28, Sender::kClient, Evidence::kDecisive},
    {"subscriptions/listen", k2026_07_28, Sender::kClient, Evidence::kStrong},
    {"notifications/subscriptions/acknowledged", k2026_07_28, Sender::kServer, Evidence::kStrong},
    {"skills/list", kAnnounced, Sender::kClient, Evidence::kNothing},
    {"skills/get", kAnnounced, Sender::kClient, Evidence::kNothing},
    {"resources/directory/read", kAnnounced, Sender::kClient, Evidence::kNothing},
};

TEST(Method, EveryMethodOfEveryRevisionIsKnownWithItsSender) {
  for (const auto& row : kRows) {
    const Method* m = find_method(row.name);
    ASSERT_NE(m, nullptr) << row.name;
    EXPECT_EQ(m->name, row.name);
    EXPECT_EQ(m->sender, row.sender) << row.name;
    for (std::uint16_t r = k2024_10_07; r <= kAnnounced; r = static_cast<std::uint16_t>(r << 1)) {
      EXPECT_EQ(m->revisions & r, row.revisions & r) << row.name << " revision bit " << r;
    }
  }
  EXPECT_EQ(all_methods().size(), std::size(kRows)) << "a method without a row here";
}

TEST(Method, EachDecodesWithItsSenderAndItsWeight) {
  for (const auto& row : kRows) {
    const bool note = row.name.starts_with("notifications/");
    Decoded d(note ? notification(row.name) : request(row.name));
    EXPECT_TRUE(d->known_method) << row.name;
    EXPECT_EQ(d->method, row.name);
    EXPECT_EQ(d->sender, row.sender) << row.name;
    EXPECT_EQ(d->evidence, row.evidence) << row.name;
    EXPECT_EQ(d->strong_mark, row.evidence == Evidence::kStrong ? row.name : "") << row.name;
  }
}

TEST(Method, SaysTheEraWhereOnlyOneEraSendsIt) {
  for (const auto& row : kRows) {
    const bool note = row.name.starts_with("notifications/");
    Decoded d(note ? notification(row.name) : request(row.name));
    const bool modern = (row.revisions & (k2026_07_28 | kTasksExtension | kAnnounced)) != 0;
    const bool legacy = (row.revisions & kHandshake) != 0;
    Era expected = Era::kUnknown;
    if (!legacy) {
      expected = Era::kStateless;
    } else if (!modern || (row.sender == Sender::kServer && !note)) {
      expected = Era::kLegacy;  // what servers ask of clients is no message of its own any more
    }
    EXPECT_EQ(d->era, expected) << row.name;
  }
}

TEST(Method, AStrongMethodOnAMessageOfTheWrongKindIsWorthNothing) {
  for (const auto& row : kRows) {
    const bool note = row.name.starts_with("notifications/");
    Decoded d(note ? request(row.name) : notification(row.name));
    EXPECT_TRUE(d->known_method);
    EXPECT_EQ(d->evidence, Evidence::kNothing) << row.name;
  }
}

TEST(Method, NamesAreUniqueAndNearMissesAreUnknown) {
  std::set<std::string_view> names;
  for (const auto& m : all_methods()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name;
    EXPECT_EQ(find_method(std::string(m.name) + "x"), nullptr);
    EXPECT_EQ(find_method(m.name.substr(1)), nullptr);
  }
  for (const std::string_view n : {"", "Tools/list", "tools/List", "tools", "tools/", "notifications/tools/changed"}) {
    EXPECT_EQ(find_method(n), nullptr) << n;
  }
  EXPECT_EQ(find_method(std::string(100'000, 'x')), nullptr);
}

TEST(Method, AnUnknownOneIsRecordedAsItIs) {
  Decoded d(request("vendor/doSomething", R"({"taskId":"t","requestState":"s"})"));
  EXPECT_FALSE(d->known_method);
  EXPECT_EQ(d->method, "vendor/doSomething");
  EXPECT_EQ(d->sender, Sender::kUnknown);
  EXPECT_EQ(d->evidence, Evidence::kNothing);
  EXPECT_EQ(d->task_id, "t");
  EXPECT_EQ(d->request_state, "s");
}

}  // namespace
}  // namespace mcpvigil::mcp
