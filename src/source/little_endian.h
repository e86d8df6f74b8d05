// SPDX-License-Identifier: Apache-2.0
// Little-endian integers in bytes, whatever the machine. Reads beyond the end give 0 and are remembered.
#pragma once
#include <bit>
#include <concepts>
#include <cstring>
#include <string>

#include "base/bytes.h"

namespace mcpvigil::source {

template <std::unsigned_integral T>
[[nodiscard]] T to_little(T v) {
  if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) return std::byteswap(v);
  return v;
}

template <std::unsigned_integral T>
void put(std::string& out, T v) {
  v = to_little(v);
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

template <std::unsigned_integral T>
void put_at(char* to, T v) {
  v = to_little(v);
  std::memcpy(to, &v, sizeof v);
}

template <std::unsigned_integral T>
[[nodiscard]] T get_at(const char* from) {
  T v{};
  std::memcpy(&v, from, sizeof v);
  return to_little(v);
}

// Takes integers off the front of a view. A field that is not there reads as 0: an older writer did not know it.
class FieldReader {
 public:
  explicit FieldReader(base::Bytes b) : rest_(b) {}
  template <std::unsigned_integral T>
  [[nodiscard]] T get() {
    if (rest_.size() < sizeof(T)) {
      rest_ = {};
      return 0;
    }
    const T v = get_at<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return v;
  }
  void copy(void* to, std::size_t n) {
    if (rest_.size() < n) {
      rest_ = {};
      return;
    }
    std::memcpy(to, rest_.data(), n);
    rest_.remove_prefix(n);
  }

 private:
  base::Bytes rest_;
};

}  // namespace mcpvigil::source
