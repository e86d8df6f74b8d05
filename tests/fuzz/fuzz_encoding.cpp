// SPDX-License-Identifier: Apache-2.0
// ContentDecoder: whatever comes, the same text however it is cut, and never more than the ratio allows.
// The first byte of the input chooses the encoding: g(zip) d(eflate) b(rotli) z(std).
#include <cstdlib>

#include "../support/segmenter.h"
#include "frame/content_decoder.h"

namespace {

using mcpvigil::frame::Bytes;
using mcpvigil::frame::ContentDecoder;

void require(bool ok) {
  if (!ok) std::abort();
}

struct Result {
  std::string plain;
  ContentDecoder::Status status = ContentDecoder::Status::kOk;
  bool finished = false;
};

Result run(std::string_view encoding, const mcpvigil::test::Segmentation& s) {
  mcpvigil::base::MemoryBudget budget(64U << 20);
  Result r;
  {
    const auto decoder = mcpvigil::frame::make_content_decoder(encoding, &budget);
    std::size_t fed = 0;
    for (const std::string_view piece : s.pieces) {
      fed += piece.size();
      r.status = decoder->decode(piece, [&r](Bytes b) {
        r.plain += b;
        return true;
      });
      require(r.plain.size() <= ContentDecoder::kFree + fed * ContentDecoder::kMaxRatio);
      if (r.status != ContentDecoder::Status::kOk) break;
    }
    r.finished = decoder->finished();
  }
  require(budget.used() == 0);
  return r;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view encoding = data[0] == 'g'   ? "gzip"
                                    : data[0] == 'd' ? "deflate"
                                    : data[0] == 'b' ? "br"
                                                     : "zstd";
  const Result whole = run(encoding, {"whole", {input}});
  const Result cut = run(encoding, mcpvigil::test::in_pieces_of(input, 1));
  if (whole.status == ContentDecoder::Status::kOk && cut.status == ContentDecoder::Status::kOk) {
    require(whole.plain == cut.plain && whole.finished == cut.finished);
  }
  return 0;
}
