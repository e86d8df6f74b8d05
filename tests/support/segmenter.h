// SPDX-License-Identifier: Apache-2.0
// Segmenter: the ways a stream may be cut into pieces. A framer must give the same frames for all of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mcpvigil::test {

// A copy of `bytes` that ends exactly where padded bytes may end, and whose padding would be noticed if it were read
// as content.
class PaddedCopy {
 public:
  explicit PaddedCopy(std::string_view bytes) : data_(new char[bytes.size() + base::kPadding]), size_(bytes.size()) {
    if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
    constexpr std::string_view kJunk = "}]\n\"{\\";
    for (std::size_t i = 0; i < base::kPadding; ++i) data_[size_ + i] = kJunk[i % kJunk.size()];
  }
  [[nodiscard]] base::Bytes view() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_;
};

struct Segmentation {
  std::string name;
  std::vector<std::string_view> pieces;
};

inline Segmentation in_pieces_of(std::string_view input, std::size_t n) {
  Segmentation s{"pieces of " + std::to_string(n), {}};
  for (std::size_t i = 0; i < input.size(); i += n) s.pieces.push_back(input.substr(i, n));
  return s;
}

inline Segmentation at_random(std::string_view input, std::uint32_t seed) {
  Segmentation s{"random cuts, seed " + std::to_string(seed), {}};
  std::mt19937 rng(seed);
  for (std::size_t i = 0; i < input.size();) {
    const std::size_t n = 1 + rng() % 17;
    s.pieces.push_back(input.substr(i, n));
    i += n;
  }
  return s;
}

// Byte by byte, a few sizes around the scanner's block, in two at every position, and at random.
inline std::vector<Segmentation> segmentations(std::string_view input) {
  std::vector<Segmentation> all;
  for (const std::size_t n : {1U, 2U, 3U, 7U, 63U, 64U, 65U}) all.push_back(in_pieces_of(input, n));
  for (std::size_t i = 1; i < input.size(); ++i) {
    all.push_back({"cut at " + std::to_string(i), {input.substr(0, i), input.substr(i)}});
  }
  for (std::uint32_t seed = 1; seed <= 20; ++seed) all.push_back(at_random(input, seed));
  return all;
}

}  // namespace mcpvigil::test
