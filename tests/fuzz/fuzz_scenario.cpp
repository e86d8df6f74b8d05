// SPDX-License-Identifier: Apache-2.0
// Any text as a scenario: events that the assembler takes, or an error with a place.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "source/scenario_source.h"
#include "stream/stream_assembler.h"

namespace {

using namespace mcpvigil;

struct Deaf final : stream::StreamListener {
  void on_open(stream::Channel&, base::Timestamp) override {}
  void on_bytes(stream::Channel&, stream::Lane, std::uint64_t, base::Bytes, base::ProcessKey, base::ProcessKey,
                base::Timestamp) override {}
  void on_gap(stream::Channel&, stream::Lane, std::uint64_t, base::LossReason, base::Timestamp) override {}
  void on_lane_end(stream::Channel&, stream::Lane, base::Timestamp) override {}
  void on_close(stream::Channel&, base::Timestamp) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto s = source::ScenarioSource::parse(text, "f", 1 << 20);
  if (!s) {
    if (!s.error().message.starts_with("f:")) std::abort();
    return 0;
  }
  Deaf deaf;
  stream::StreamAssembler assembler({}, deaf);
  for (const event::Event& e : (*s)->events()) assembler.on_event(e);
  assembler.finish({});
  if (assembler.flows() != 0) std::abort();
  return 0;
}
