// SPDX-License-Identifier: Apache-2.0
// NdjsonFramer: every byte is accounted for, and however the stream is cut the frames are the same.
#include <cstdlib>

#include "../support/segmenter.h"
#include "../unit/frame/recording_listener.h"
#include "frame/ndjson_framer.h"

namespace {

using mcpvigil::test::PaddedCopy;
using mcpvigil::test::RecordingListener;

void require(bool ok) {
  if (!ok) std::abort();
}

RecordingListener run(const mcpvigil::test::Segmentation& s, std::size_t gap_before_piece) {
  mcpvigil::base::StreamLimits limits;
  limits.max_message = 2000;
  RecordingListener seen;
  mcpvigil::frame::NdjsonFramer framer(limits, seen);
  std::uint64_t pos = 0, fed = 0;
  for (std::size_t i = 0; i < s.pieces.size(); ++i) {
    if (i == gap_before_piece) {
      framer.gap(3, {i});
      pos += 3;
    }
    const PaddedCopy copy(s.pieces[i]);
    framer.feed(pos, copy.view(), {i});
    pos += s.pieces[i].size();
    fed += s.pieces[i].size();
    require(seen.accounted + framer.buffered() == fed);
  }
  framer.finish({0});
  require(framer.buffered() == 0 && seen.accounted == fed);
  for (const auto& f : seen.frames) require(f.text.size() <= limits.max_message);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kNoGap = ~std::size_t{0};
  const auto seed = static_cast<std::uint32_t>(size * 2654435761U);
  const RecordingListener whole = run({"whole", {input}}, kNoGap);
  const RecordingListener bytes = run(mcpvigil::test::in_pieces_of(input, 1), kNoGap);
  const RecordingListener cuts = run(mcpvigil::test::at_random(input, seed), kNoGap);
  require(bytes.texts() == whole.texts() && bytes.skipped == whole.skipped);
  require(cuts.texts() == whole.texts() && cuts.skipped == whole.skipped);
  run(mcpvigil::test::at_random(input, seed), seed % (size / 8 + 1));
  return 0;
}
