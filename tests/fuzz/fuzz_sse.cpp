// SPDX-License-Identifier: Apache-2.0
// SseParser: every byte is accounted for, and however the stream is cut the events are the same.
#include <cstdlib>

#include "../support/segmenter.h"
#include "frame/sse_parser.h"

namespace {

using mcpvigil::frame::Bytes;

void require(bool ok) {
  if (!ok) std::abort();
}

class Sink : public mcpvigil::frame::SseSink {
 public:
  void on_event(const mcpvigil::frame::SseEvent& e, Bytes data, std::uint64_t n) override {
    require(data.find_first_not_of(" \t\r\n") != Bytes::npos);
    seen.emplace_back(std::string(e.event) + '\n' + std::string(e.id) + '\n' + std::string(data));
    accounted += n;
  }
  void on_no_event(mcpvigil::base::SkipReason, std::uint64_t n) override { accounted += n; }

  std::vector<std::string> seen;
  std::uint64_t accounted = 0;
};

std::vector<std::string> run(const mcpvigil::test::Segmentation& s, std::size_t lost_before_piece) {
  mcpvigil::base::StreamLimits limits;
  limits.max_message = 1000;
  Sink sink;
  mcpvigil::frame::SseParser parser(limits, sink);
  std::uint64_t fed = 0;
  for (std::size_t i = 0; i < s.pieces.size(); ++i) {
    if (i == lost_before_piece) {
      sink.accounted += parser.pending();
      parser.lose_place(false);
    }
    const mcpvigil::test::PaddedCopy copy(s.pieces[i]);
    parser.feed(copy.view());
    fed += s.pieces[i].size();
    require(sink.accounted + parser.pending() == fed);
  }
  parser.finish();
  require(sink.accounted == fed);
  return sink.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kNever = ~std::size_t{0};
  const auto seed = static_cast<std::uint32_t>(size * 2654435761U);
  const auto whole = run({"whole", {input}}, kNever);
  require(run(mcpvigil::test::in_pieces_of(input, 1), kNever) == whole);
  require(run(mcpvigil::test::at_random(input, seed), kNever) == whole);
  run(mcpvigil::test::at_random(input, seed), seed % (size / 8 + 1));
  return 0;
}
