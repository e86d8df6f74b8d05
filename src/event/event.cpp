// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

namespace mcpvigil::event {

Timestamp time_of(const Event& e) {
  return std::visit([](const auto& x) { return x.ts; }, e);
}

}  // namespace mcpvigil::event
