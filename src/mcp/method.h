// SPDX-License-Identifier: Apache-2.0
// Every method name of every MCP revision, who may send it, and what meeting it says. A method that is not here is
// no error: it is recorded as unknown.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "mcp/operation.h"

namespace mcpvigil::mcp {

// Where a method is defined. 2024-10-07 was a pre-release of 2024-11-05 with the same methods.
enum Revision : std::uint16_t {
  k2024_10_07 = 1,
  k2024_11_05 = 2,
  k2025_03_26 = 4,
  k2025_06_18 = 8,
  k2025_11_25 = 16,
  k2026_07_28 = 32,
  kTasksExtension = 64,  // io.modelcontextprotocol/tasks, on 2026-07-28
  kAnnounced = 128,      // extensions that are not final
};

struct Method {
  std::string_view name;
  Sender sender;
  bool notification;
  bool strong;  // MCP only: two distinct ones decide a channel
  Era era;      // kLegacy: sent as a message of its own only before 2026-07-28; kStateless: only from it on
  std::uint16_t revisions;
};

// Null: unknown.
[[nodiscard]] const Method* find_method(std::string_view name);
[[nodiscard]] std::span<const Method> all_methods();

}  // namespace mcpvigil::mcp
