// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli): the checksum of records. By the processor's own instruction where there is one, so that
// checking costs less than copying.
//
//   crc32c(crc32c(0, a), b) == crc32c(0, a + b)
#pragma once
#include <cstdint>

#include "base/bytes.h"

namespace mcpvigil::source {

[[nodiscard]] std::uint32_t crc32c(std::uint32_t crc, base::Bytes b);
// The same without special instructions: what other processors run, and what tests compare with.
[[nodiscard]] std::uint32_t crc32c_portable(std::uint32_t crc, base::Bytes b);

}  // namespace mcpvigil::source
