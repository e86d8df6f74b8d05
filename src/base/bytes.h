// SPDX-License-Identifier: Apache-2.0
// Bytes: a view of somebody else's bytes. PaddedBuffer: bytes of our own that a JSON parser may read past.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace mcpvigil::base {

using Bytes = std::string_view;

// simdjson reads up to this far past the end of its input (SIMDJSON_PADDING). Every Bytes that flows from `stream`
// to `jsonrpc` is followed by this many readable bytes, whatever they hold: "padded bytes".
inline constexpr std::size_t kPadding = 64;

// A growable buffer whose content is always padded bytes. Not thread-safe. Never zero-fills what it will overwrite.
class PaddedBuffer {
 public:
  PaddedBuffer() = default;

  void append(Bytes b) {
    reserve(size_ + b.size());
    if (!b.empty()) std::memcpy(data_.get() + size_, b.data(), b.size());
    size_ += b.size();
  }
  // Room for `n` bytes in all; the content is kept.
  void reserve(std::size_t n) {
    if (n <= capacity_) return;
    std::size_t want = capacity_ * 2 > n ? capacity_ * 2 : n;
    std::unique_ptr<char[]> bigger(new char[want + kPadding]);
    if (size_ != 0) std::memcpy(bigger.get(), data_.get(), size_);
    std::memset(bigger.get() + want, 0, kPadding);
    data_ = std::move(bigger);
    capacity_ = want;
  }
  // Drops the first n bytes.
  void consume(std::size_t n) {
    if (n >= size_) {
      size_ = 0;
      return;
    }
    std::memmove(data_.get(), data_.get() + n, size_ - n);
    size_ -= n;
  }
  void clear() { size_ = 0; }
  // Gives the memory back.
  void release() {
    data_.reset();
    size_ = capacity_ = 0;
  }
  [[nodiscard]] Bytes view() const { return {data_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace mcpvigil::base
