// SPDX-License-Identifier: Apache-2.0
// Encoders for the tests: each piece is flushed, as a server does with an event stream.
#pragma once
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>
#include <vector>

namespace mcpvigil::test {

// window_bits: 15 zlib, 31 gzip, -15 raw.
inline std::vector<std::string> deflate_pieces(const std::vector<std::string>& plain, int window_bits) {
  z_stream z{};
  deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string out(plain[i].size() + 1000, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain[i].data()));
    z.avail_in = static_cast<uInt>(plain[i].size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    deflate(&z, i + 1 == plain.size() ? Z_FINISH : Z_SYNC_FLUSH);
    out.resize(out.size() - z.avail_out);
    all.push_back(std::move(out));
  }
  deflateEnd(&z);
  return all;
}

inline std::vector<std::string> brotli_pieces(const std::vector<std::string>& plain) {
  BrotliEncoderState* b = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string out(plain[i].size() + 1000, '\0');
    std::size_t in_left = plain[i].size(), out_left = out.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(plain[i].data());
    auto* to = reinterpret_cast<std::uint8_t*>(out.data());
    BrotliEncoderCompressStream(b, i + 1 == plain.size() ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH, &in_left,
                                &in, &out_left, &to, nullptr);
    out.resize(out.size() - out_left);
    all.push_back(std::move(out));
  }
  BrotliEncoderDestroyInstance(b);
  return all;
}

inline std::vector<std::string> zstd_pieces(const std::vector<std::string>& plain) {
  ZSTD_CCtx* c = ZSTD_createCCtx();
  std::vector<std::string> all;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string out(plain[i].size() + 1000, '\0');
    ZSTD_inBuffer in{plain[i].data(), plain[i].size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    ZSTD_compressStream2(c, &to, &in, i + 1 == plain.size() ? ZSTD_e_end : ZSTD_e_flush);
    out.resize(to.pos);
    all.push_back(std::move(out));
  }
  ZSTD_freeCCtx(c);
  return all;
}

struct Coding {
  std::string name, header;
  std::vector<std::string> (*encode)(const std::vector<std::string>& plain);
};

inline std::vector<Coding> codings() {
  return {
      {"gzip", "gzip", [](const std::vector<std::string>& p) { return deflate_pieces(p, 31); }},
      {"zlib", "deflate", [](const std::vector<std::string>& p) { return deflate_pieces(p, 15); }},
      {"raw deflate", "Deflate", [](const std::vector<std::string>& p) { return deflate_pieces(p, -15); }},
      {"brotli", "br", brotli_pieces},
      {"zstd", "zstd", zstd_pieces},
  };
}

inline std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& p : pieces) all += p;
  return all;
}

}  // namespace mcpvigil::test
