// SPDX-License-Identifier: Apache-2.0
// The names of things: strong where a mix-up would be a bug.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace mcpvigil::base {

// Nanoseconds since the Unix epoch, UTC. Event time: the pipeline never reads a clock.
struct Timestamp {
  std::uint64_t ns = 0;
  auto operator<=>(const Timestamp&) const = default;
};

// A process for its whole life: pids are reused, (pid, start) is not. start is wall-clock ns; 0 = not known.
struct ProcessKey {
  std::uint32_t pid = 0;
  std::uint64_t start_ns = 0;
  auto operator<=>(const ProcessKey&) const = default;
  [[nodiscard]] bool known() const { return pid != 0; }
};

// One kernel object that carries bytes (a pipe, one end of a socket, one SSL*), for its whole life. Given by the
// event source; never reused within one source.
enum class FlowId : std::uint64_t {};

// Two directed byte streams between two ends, joined by `stream`. Counted up from 1 in the order they are met.
enum class ChannelId : std::uint64_t {};

}  // namespace mcpvigil::base

template <>
struct std::hash<mcpvigil::base::ProcessKey> {
  std::size_t operator()(const mcpvigil::base::ProcessKey& k) const noexcept {
    return std::hash<std::uint64_t>{}(k.start_ns * 0x9E3779B97F4A7C15ULL ^ k.pid);
  }
};
