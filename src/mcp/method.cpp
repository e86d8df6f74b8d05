// SPDX-License-Identifier: Apache-2.0
#include "mcp/method.h"

#include <algorithm>
#include <array>

namespace mcpvigil::mcp {
namespace {

constexpr std::uint16_t kFirst = k2024_10_07 | k2024_11_05 | k2025_03_26;
constexpr std::uint16_t kLegacyAll = kFirst | k2025_06_18 | k2025_11_25;
constexpr std::uint16_t kAll = kLegacyAll | k2026_07_28;

constexpr Sender kC = Sender::kClient, kS = Sender::kServer, kBoth = Sender::kEither;
constexpr Era kAny = Era::kUnknown, kOld = Era::kLegacy, kNew = Era::kStateless;
constexpr bool kReq = false, kNote = true;  // notification?
constexpr bool kStrong = true, kWeak = false;

// By length of the name, as find_method wants it.
//
// What servers ask of clients (sampling, roots, elicitation) is kOld: from 2026-07-28 on it travels inside results.
// tasks/* and elicitation/* are weak because A2A and ACP have methods of those names.
constexpr std::array kMethods = {
    Method{"ping", kBoth, kReq, kWeak, kOld, kLegacyAll},
    Method{"tasks/get", kBoth, kReq, kWeak, kAny, k2025_11_25 | kTasksExtension},
    Method{"tasks/list", kBoth, kReq, kWeak, kOld, k2025_11_25},
    Method{"tools/call", kC, kReq, kStrong, kAny, kAll},
    Method{"tools/list", kC, kReq, kStrong, kAny, kAll},
    Method{"roots/list", kS, kReq, kStrong, kOld, kAll},
    Method{"skills/get", kC, kReq, kWeak, kNew, kAnnounced},
    Method{"initialize", kC, kReq, kWeak, kOld, kLegacyAll},
    Method{"skills/list", kC, kReq, kWeak, kNew, kAnnounced},
    Method{"prompts/get", kC, kReq, kStrong, kAny, kAll},
    Method{"prompts/list", kC, kReq, kStrong, kAny, kAll},
    Method{"tasks/result", kBoth, kReq, kWeak, kOld, k2025_11_25},
    Method{"tasks/cancel", kBoth, kReq, kWeak, kAny, k2025_11_25 | kTasksExtension},
    Method{"tasks/update", kC, kReq, kWeak, kNew, kTasksExtension},
    Method{"resources/list", kC, kReq, kStrong, kAny, kAll},
    Method{"resources/read", kC, kReq, kStrong, kAny, kAll},
    Method{"server/discover", kC, kReq, kWeak, kNew, k2026_07_28},
    Method{"logging/setLevel", kC, kReq, kStrong, kOld, kLegacyAll},
    Method{"elicitation/create", kS, kReq, kWeak, kOld, k2025_06_18 | k2025_11_25 | k2026_07_28},
    Method{"completion/complete", kC, kReq, kStrong, kAny, kAll},
    Method{"notifications/tasks", kS, kNote, kWeak, kNew, kTasksExtension},
    Method{"resources/subscribe", kC, kReq, kStrong, kOld, kLegacyAll},
    Method{"subscriptions/listen", kC, kReq, kStrong, kNew, k2026_07_28},
    Method{"notifications/message", kS, kNote, kWeak, kAny, kAll},
    Method{"resources/unsubscribe", kC, kReq, kStrong, kOld, kLegacyAll},
    Method{"notifications/progress", kBoth, kNote, kWeak, kAny, kAll},
    Method{"sampling/createMessage", kS, kReq, kStrong, kOld, kAll},
    Method{"notifications/cancelled", kBoth, kNote, kWeak, kAny, kAll},
    Method{"resources/directory/read", kC, kReq, kWeak, kNew, kAnnounced},
    Method{"resources/templates/list", kC, kReq, kStrong, kAny, kAll},
    Method{"notifications/initialized", kC, kNote, kWeak, kOld, kLegacyAll},
    Method{"notifications/tasks/status", kBoth, kNote, kWeak, kOld, k2025_11_25},
    Method{"notifications/resources/updated", kS, kNote, kStrong, kAny, kAll},
    Method{"notifications/tools/list_changed", kS, kNote, kStrong, kAny, kAll},
    Method{"notifications/roots/list_changed", kC, kNote, kStrong, kOld, kLegacyAll},
    Method{"notifications/prompts/list_changed", kS, kNote, kStrong, kAny, kAll},
    Method{"notifications/elicitation/complete", kS, kNote, kWeak, kOld, k2025_11_25},
    Method{"notifications/resources/list_changed", kS, kNote, kStrong, kAny, kAll},
    Method{"notifications/subscriptions/acknowledged", kS, kNote, kStrong, kNew, k2026_07_28},
};
static_assert(std::ranges::is_sorted(kMethods, {}, [](const Method& m) { return m.name.size(); }));

constexpr std::size_t kLongest = kMethods.back().name.size();

// kFrom[n]: the first method whose name has n characters or more.
constexpr auto kFrom = [] {
  std::array<std::uint8_t, kLongest + 2> from{};
  for (std::size_t n = 0; n < from.size(); ++n) {
    std::uint8_t i = 0;
    while (i < kMethods.size() && kMethods[i].name.size() < n) ++i;
    from[n] = i;
  }
  return from;
}();

}  // namespace

const Method* find_method(std::string_view name) {
  if (name.size() > kLongest) return nullptr;
  for (std::size_t i = kFrom[name.size()]; i < kFrom[name.size() + 1]; ++i) {
    if (kMethods[i].name == name) return &kMethods[i];
  }
  return nullptr;
}

std::span<const Method> all_methods() { return kMethods; }

}  // namespace mcpvigil::mcp
