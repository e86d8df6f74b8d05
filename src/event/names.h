// SPDX-License-Identifier: Apache-2.0
// The written names of event enums, both ways: in dumps, scenarios and reports. A name never changes.
#pragma once
#include <optional>
#include <string_view>

#include "event/event.h"

namespace mcpvigil::event {

// "?" for a number that is not a member.
[[nodiscard]] std::string_view name(FlowKind k);
[[nodiscard]] std::string_view name(Way w);
[[nodiscard]] std::string_view name(BlindSpot b);
// "flow_open", "flow_data", ...
[[nodiscard]] std::string_view kind_name(const Event& e);

[[nodiscard]] std::optional<FlowKind> flow_kind_named(std::string_view s);
[[nodiscard]] std::optional<BlindSpot> blind_spot_named(std::string_view s);
[[nodiscard]] std::optional<base::LossReason> loss_reason_named(std::string_view s);

}  // namespace mcpvigil::event
