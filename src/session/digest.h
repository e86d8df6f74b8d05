// SPDX-License-Identifier: Apache-2.0
// SHA-256 where a collision would hide something (server ids, copies of a message at a relay).
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mcpvigil::session {

using Digest = std::array<std::uint8_t, 32>;
[[nodiscard]] Digest sha256(std::string_view text);
// The first `bytes` bytes in lower-case hex.
[[nodiscard]] std::string hex(const Digest& d, std::size_t bytes);

// Not for secrets: spreads bits, cheaply and the same everywhere.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace mcpvigil::session
