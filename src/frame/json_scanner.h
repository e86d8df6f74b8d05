// SPDX-License-Identifier: Apache-2.0
// JsonScanner: finds the end of one JSON object or array by its brackets alone, respecting strings and escapes.
//
// It does not know whether the text is valid JSON; it knows that a raw newline inside a string never is. Works in
// pieces of any size, 64 bytes at a time: this loop and not memchr is what NDJSON framing costs.
//
//   scanner.open('{');                          // the bracket itself was read by the caller
//   auto [stop, used] = scanner.scan(p, n);     // again with the bytes that follow, until kClosed
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace mcpvigil::frame {

class JsonScanner {
 public:
  enum class Stop : std::uint8_t {
    kEnd,              // all n bytes read, still inside
    kClosed,           // the last byte read closed the value
    kNewline,          // the last byte read is a newline between tokens
    kNewlineInString,  // the last byte read is a newline inside a string: not JSON
  };
  struct Result {
    Stop stop;
    std::size_t used;  // bytes read, with the one that stopped it
  };

  void open(char bracket);
  // p[0..n) must be followed by base::kPadding readable bytes.
  [[nodiscard]] Result scan(const char* p, std::size_t n);
  // Is the innermost open bracket a [ ? True when nested deeper than is remembered.
  [[nodiscard]] bool in_array() const;
  [[nodiscard]] std::uint64_t depth() const { return depth_; }

 private:
  static constexpr std::uint64_t kRemembered = 1024;  // levels whose kind is kept; simdjson's own depth limit

  void push(char bracket);

  std::uint64_t depth_ = 0;
  std::uint64_t in_string_ = 0;  // all ones or all zeros
  std::uint64_t escaped_ = 0;    // 1: the next byte is escaped
  std::array<std::uint64_t, kRemembered / 64> is_array_{};
};

}  // namespace mcpvigil::frame
