// SPDX-License-Identifier: Apache-2.0
#include "frame/json_scanner.h"

#include <bit>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace mcpvigil::frame {
namespace {

// One bit a byte of a 64-byte block.
struct Masks {
  std::uint64_t quote = 0, backslash = 0, bracket = 0, newline = 0;
};

// { and [ differ by 0x20 alone, so do } and ]; no other byte folds onto them.
constexpr char kFold = 0x20;
bool is_open(char c) { return static_cast<char>(c | kFold) == '{'; }

#ifdef __SSE2__
Masks masks(const char* p) {
  Masks m;
  const __m128i fold = _mm_set1_epi8(kFold);
  for (unsigned k = 0; k < 4; ++k) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + std::size_t{16} * k));
    const __m128i folded = _mm_or_si128(v, fold);
    const auto bits = [k](__m128i eq) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(eq))) << (16 * k);
    };
    m.quote |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    m.backslash |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    m.bracket |=
        bits(_mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))));
    m.newline |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
  }
  return m;
}
#else
Masks masks(const char* p) {
  Masks m;
  for (unsigned k = 0; k < 64; ++k) {
    const char c = p[k];
    const std::uint64_t bit = std::uint64_t{1} << k;
    const char folded = static_cast<char>(c | kFold);
    if (c == '"') m.quote |= bit;
    if (c == '\\') m.backslash |= bit;
    if (folded == '{' || folded == '}') m.bracket |= bit;
    if (c == '\n') m.newline |= bit;
  }
  return m;
}
#endif

// Bit i of the result: the number of set bits at or below i is odd.
std::uint64_t prefix_xor(std::uint64_t x) {
  for (const unsigned shift : {1U, 2U, 4U, 8U, 16U, 32U}) x ^= x << shift;
  return x;
}

// Bytes that follow an odd run of backslashes. `carry`: in and out, the first byte of the (next) block is escaped.
// The add ripples through each run that starts on an odd bit (the way simdjson finds them).
std::uint64_t escaped_bytes(std::uint64_t backslash, std::uint64_t& carry) {
  if (backslash == 0) {
    const std::uint64_t escaped = carry;
    carry = 0;
    return escaped;
  }
  constexpr std::uint64_t kEven = 0x5555555555555555ULL;
  backslash &= ~carry;
  const std::uint64_t follows = backslash << 1 | carry;
  const std::uint64_t odd_starts = backslash & ~kEven & ~follows;
  std::uint64_t sum = 0;
  carry = __builtin_add_overflow(odd_starts, backslash, &sum) ? 1 : 0;
  return (kEven ^ (sum << 1)) & follows;
}

}  // namespace

void JsonScanner::push(char bracket) {
  if (depth_ < kRemembered) {
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = is_array_[depth_ / 64];
    word = bracket == '[' ? word | bit : word & ~bit;
  }
  ++depth_;
}

void JsonScanner::open(char bracket) {
  depth_ = 0;
  in_string_ = 0;
  escaped_ = 0;
  push(bracket);
}

bool JsonScanner::in_array() const {
  const std::uint64_t level = depth_ - 1;
  return level >= kRemembered || (is_array_[level / 64] >> (level % 64) & 1) != 0;
}

JsonScanner::Result JsonScanner::scan(const char* p, std::size_t n) {
  for (std::size_t at = 0; at < n; at += 64) {
    Masks m = masks(p + at);
    const std::size_t left = n - at;
    if (left < 64) {
      const std::uint64_t ours = (std::uint64_t{1} << left) - 1;
      m.quote &= ours;
      m.backslash &= ours;
      m.bracket &= ours;
      m.newline &= ours;
    }
    const std::uint64_t escaped = escaped_bytes(m.backslash, escaped_);
    if (left < 64 && m.backslash != 0) escaped_ = escaped >> left & 1;  // the carry is one byte past ours
    const std::uint64_t in_string = prefix_xor(m.quote & ~escaped) ^ in_string_;

    for (std::uint64_t events = (m.bracket & ~in_string) | m.newline; events != 0; events &= events - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(events));
      const char c = p[at + i];
      if (c == '\n') {
        const bool inside = (in_string >> i & 1) != 0;
        in_string_ = 0;
        escaped_ = 0;
        return {inside ? Stop::kNewlineInString : Stop::kNewline, at + i + 1};
      }
      if (is_open(c)) {
        push(c);
      } else if (--depth_ == 0) {
        return {Stop::kClosed, at + i + 1};
      }
    }
    in_string_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(in_string) >> 63);
  }
  return {Stop::kEnd, n};
}

}  // namespace mcpvigil::frame
