// SPDX-License-Identifier: Apache-2.0
#include "frame/content_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdlib>

#include "frame/http_text.h"

namespace mcpvigil::frame {
namespace {

using Status = ContentDecoder::Status;

// Memory a library takes for its window, charged to the budget.
class Charge {
 public:
  explicit Charge(base::MemoryBudget* budget) : budget_(budget) {}
  ~Charge() {
    if (budget_ != nullptr) budget_->give(held_);
  }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  [[nodiscard]] bool hold(std::uint64_t n) {
    if (n <= held_) return true;
    if (budget_ != nullptr && !budget_->take(n - held_)) return false;
    held_ = n;
    return true;
  }
  [[nodiscard]] std::uint64_t held() const { return held_; }

 private:
  base::MemoryBudget* budget_;
  std::uint64_t held_ = 0;
};

class Inflater final : public ContentDecoder {
 public:
  enum class Form : std::uint8_t { kGzip, kDeflate };

  Inflater(Form form, base::MemoryBudget* budget) : charge_(budget), form_(form) {}
  ~Inflater() override {
    if (ready_) inflateEnd(&z_);
  }
  [[nodiscard]] bool finished() const override { return ended_; }

 private:
  static constexpr std::uint64_t kState = 48U << 10;  // zlib: 32 KiB window and its tables

  Status run(Bytes in, const Sink& out) override {
    if (!ready_) {
      if (!charge_.hold(kState)) return Status::kMemory;
      if (form_ == Form::kDeflate && !have_first_) {
        first_ = in[0];
        have_first_ = true;
        in.remove_prefix(1);
        if (in.empty()) return Status::kOk;
      }
      if (inflateInit2(&z_, window_bits(in)) != Z_OK) return Status::kMemory;
      ready_ = true;
      if (have_first_) {
        if (const Status s = inflate_all(Bytes(&first_, 1), out); s != Status::kOk) return s;
      }
    }
    return inflate_all(in, out);
  }

  // "deflate" means zlib (RFC 9110), and some servers send it raw: the two-byte zlib header has a check.
  [[nodiscard]] int window_bits(Bytes second) const {
    if (form_ == Form::kGzip) return 15 + 16;
    const unsigned cmf = static_cast<unsigned char>(first_);
    const unsigned flg = static_cast<unsigned char>(second[0]);
    return (cmf & 15) == 8 && (cmf * 256 + flg) % 31 == 0 ? 15 : -15;
  }

  Status inflate_all(Bytes in, const Sink& out) {
    std::array<char, kStep> plain;
    // inflate() does not write through next_in; zlib.h lacks the const without ZLIB_CONST.
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z_.avail_in = static_cast<uInt>(in.size());
    do {
      if (ended_) {
        if (z_.avail_in == 0) return Status::kOk;
        // Members may follow one another in gzip; anything else behind the end is rubbish.
        if (form_ != Form::kGzip || inflateReset(&z_) != Z_OK) return Status::kBad;
        ended_ = false;
      }
      z_.next_out = reinterpret_cast<Bytef*>(plain.data());
      z_.avail_out = static_cast<uInt>(plain.size());
      const int r = inflate(&z_, Z_NO_FLUSH);
      if (const Status s = give(Bytes(plain.data(), plain.size() - z_.avail_out), out); s != Status::kOk) return s;
      if (r == Z_STREAM_END) {
        ended_ = true;
      } else if (r == Z_BUF_ERROR) {
        return Status::kOk;  // no progress possible: it wants more
      } else if (r != Z_OK) {
        return r == Z_MEM_ERROR ? Status::kMemory : Status::kBad;
      }
    } while (z_.avail_in != 0 || z_.avail_out == 0);
    return Status::kOk;
  }

  Charge charge_;
  z_stream z_{};
  Form form_;
  char first_ = 0;
  bool have_first_ = false;
  bool ready_ = false;
  bool ended_ = false;
};

class Brotli final : public ContentDecoder {
 public:
  explicit Brotli(base::MemoryBudget* budget)
      : charge_(budget), state_(BrotliDecoderCreateInstance(&Brotli::allocate, &Brotli::free, this)) {}
  ~Brotli() override {
    if (state_ != nullptr) BrotliDecoderDestroyInstance(state_);
  }
  [[nodiscard]] bool finished() const override { return state_ != nullptr && BrotliDecoderIsFinished(state_) != 0; }

 private:
  Status run(Bytes in, const Sink& out) override {
    if (state_ == nullptr) return Status::kMemory;
    std::array<char, kStep> plain;
    std::size_t avail_in = in.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    for (;;) {
      std::size_t avail_out = plain.size();
      auto* next_out = reinterpret_cast<std::uint8_t*>(plain.data());
      const auto r = BrotliDecoderDecompressStream(state_, &avail_in, &next_in, &avail_out, &next_out, nullptr);
      if (const Status s = give(Bytes(plain.data(), plain.size() - avail_out), out); s != Status::kOk) return s;
      if (r == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return Status::kOk;
      if (r == BROTLI_DECODER_RESULT_SUCCESS) return avail_in == 0 ? Status::kOk : Status::kBad;
      if (r == BROTLI_DECODER_RESULT_ERROR) return refused_ ? Status::kMemory : Status::kBad;
    }
  }
  // The window grows to 16 MiB at the sender's wish; blocks are given back together at the end.
  static void* allocate(void* self, std::size_t n) {
    auto* b = static_cast<Brotli*>(self);
    if (!b->charge_.hold(b->charge_.held() + n)) {
      b->refused_ = true;
      return nullptr;
    }
    return std::malloc(n);
  }
  static void free(void*, void* p) { std::free(p); }

  Charge charge_;
  bool refused_ = false;
  BrotliDecoderState* state_;  // last: its constructor allocates
};

class Zstd final : public ContentDecoder {
 public:
  explicit Zstd(base::MemoryBudget* budget) : charge_(budget), d_(ZSTD_createDCtx()) {
    // RFC 8878 (and 9659 for HTTP): decoders need not support more than 8 MiB.
    if (d_ != nullptr) ZSTD_DCtx_setParameter(d_, ZSTD_d_windowLogMax, 23);
  }
  ~Zstd() override { ZSTD_freeDCtx(d_); }
  [[nodiscard]] bool finished() const override { return at_frame_end_; }

 private:
  Status run(Bytes in, const Sink& out) override {
    if (d_ == nullptr) return Status::kMemory;
    std::array<char, kStep> plain;
    ZSTD_inBuffer src{in.data(), in.size(), 0};
    for (;;) {
      ZSTD_outBuffer dst{plain.data(), plain.size(), 0};
      const std::size_t r = ZSTD_decompressStream(d_, &dst, &src);
      if (ZSTD_isError(r) != 0) return Status::kBad;
      if (!charge_.hold(ZSTD_sizeof_DCtx(d_))) return Status::kMemory;
      at_frame_end_ = r == 0;
      if (const Status s = give(Bytes(plain.data(), dst.pos), out); s != Status::kOk) return s;
      // Not once more at the end of a frame: that would begin another.
      if (src.pos == src.size && (r == 0 || dst.pos < dst.size)) return Status::kOk;
    }
  }

  Charge charge_;
  ZSTD_DCtx* d_;
  bool at_frame_end_ = false;
};

}  // namespace

ContentDecoder::Status ContentDecoder::decode(Bytes in, const Sink& out) {
  if (in.empty()) return Status::kOk;
  in_ += in.size();
  return run(in, out);
}

ContentDecoder::Status ContentDecoder::give(Bytes plain, const Sink& out) {
  if (plain.empty()) return Status::kOk;
  out_ += plain.size();
  if (out_ > kFree && out_ - kFree > in_ * kMaxRatio) return Status::kBomb;
  return out(plain) ? Status::kOk : Status::kStopped;
}

bool is_identity(std::string_view encoding) { return encoding.empty() || equal_ignoring_case(encoding, "identity"); }

std::unique_ptr<ContentDecoder> make_content_decoder(std::string_view encoding, base::MemoryBudget* budget) {
  if (equal_ignoring_case(encoding, "gzip") || equal_ignoring_case(encoding, "x-gzip")) {
    return std::make_unique<Inflater>(Inflater::Form::kGzip, budget);
  }
  if (equal_ignoring_case(encoding, "deflate")) return std::make_unique<Inflater>(Inflater::Form::kDeflate, budget);
  if (equal_ignoring_case(encoding, "br")) return std::make_unique<Brotli>(budget);
  if (equal_ignoring_case(encoding, "zstd")) return std::make_unique<Zstd>(budget);
  return nullptr;
}

}  // namespace mcpvigil::frame
