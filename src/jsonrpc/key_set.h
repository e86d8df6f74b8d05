// SPDX-License-Identifier: Apache-2.0
// KeySet: were two of these member names the same? Made for the handful of names an honest object has: those cost a
// few compares of words and no allocation.
//
//   KeySet keys;
//   for (auto field : object) keys.add(field.key);
//   if (keys.has_duplicate()) ...
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mcpvigil::jsonrpc {

class KeySet {
 public:
  void add(std::string_view key) {
    if (duplicate_) return;
    if (count_ < kInline) {
      const std::uint32_t print = fingerprint(key);
      for (std::size_t i = 0; i < count_; ++i) {
        if (prints_[i] == print && keys_[i] == key) {
          duplicate_ = true;
          return;
        }
      }
      prints_[count_] = print;
      keys_[count_++] = key;
      return;
    }
    if (more_.empty()) more_.assign(keys_.begin(), keys_.end());
    if (more_.size() < kLimit) more_.push_back(key);
  }
  [[nodiscard]] bool has_duplicate() {
    if (duplicate_ || more_.empty()) return duplicate_;
    std::ranges::sort(more_, [](std::string_view a, std::string_view b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;  // the size alone settles most
    });
    duplicate_ = std::ranges::adjacent_find(more_) != more_.end();
    return duplicate_;
  }

 private:
  static constexpr std::size_t kInline = 16;
  // Beyond this many members we stop looking: sorting them must not cost more than parsing them did.
  static constexpr std::size_t kLimit = 65536;

  static std::uint32_t fingerprint(std::string_view k) {
    if (k.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(k[i])); };
    return (static_cast<std::uint32_t>(k.size()) << 24) | (byte(0) << 16) | (byte(k.size() / 2) << 8) |
           byte(k.size() - 1);
  }

  std::array<std::uint32_t, kInline> prints_;
  std::array<std::string_view, kInline> keys_;
  std::size_t count_ = 0;
  std::vector<std::string_view> more_;
  bool duplicate_ = false;
};

}  // namespace mcpvigil::jsonrpc
