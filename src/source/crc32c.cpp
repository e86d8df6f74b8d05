// SPDX-License-Identifier: Apache-2.0
#include "source/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace mcpvigil::source {
namespace {

// Table k holds the effect of a byte that is followed by k zero bytes: eight look-ups a step instead of eight steps.
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? (c >> 1) ^ 0x82F63B78u : c >> 1;
    t[0][i] = c;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t k = 1; k < 8; ++k) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xFF];
  }
  return t;
}
constexpr auto kTables = make_tables();

std::uint64_t load(const char* p) {
  std::uint64_t v = 0;
  std::memcpy(&v, p, sizeof v);
  if constexpr (std::endian::native == std::endian::big) v = std::byteswap(v);
  return v;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::uint32_t crc, base::Bytes b) {
  std::uint64_t c = ~crc;
  const char* p = b.data();
  std::size_t n = b.size();
  for (; n >= 8; p += 8, n -= 8) c = _mm_crc32_u64(c, load(p));
  auto last = static_cast<std::uint32_t>(c);
  for (; n > 0; ++p, --n) last = _mm_crc32_u8(last, static_cast<unsigned char>(*p));
  return ~last;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, base::Bytes b) {
  std::uint32_t c = ~crc;
  const char* p = b.data();
  std::size_t n = b.size();
  for (; n >= 8; p += 8, n -= 8) {
    std::uint64_t v = load(p) ^ c;
    c = 0;
    for (std::size_t k = 8; k-- > 0; v >>= 8) c ^= kTables[k][v & 0xFF];
  }
  for (; n > 0; ++p, --n) c = (c >> 8) ^ kTables[0][(c ^ static_cast<unsigned char>(*p)) & 0xFF];
  return ~c;
}

std::uint32_t crc32c(std::uint32_t crc, base::Bytes b) {
#ifdef __x86_64__
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return crc32c_sse42(crc, b);
#endif
  return crc32c_portable(crc, b);
}

}  // namespace mcpvigil::source
