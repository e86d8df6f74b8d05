// SPDX-License-Identifier: Apache-2.0
// Any bytes as a recording: no crash, no loop, bounded memory, and a word about what is wrong.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event/dump.h"
#include "source/capture_codec.h"
#include "source/capture_reader.h"

namespace {

void require(bool v) {
  if (!v) std::abort();
}

void read(std::string_view bytes) {
  using namespace mcpvigil;
  auto reader = source::CaptureReader::over(bytes);
  if (!reader) {
    require(!reader.error().message.empty());
    return;
  }
  std::size_t events = 0;
  for (;;) {
    const auto batch = (*reader)->next();
    require(batch.has_value());
    if (batch->state == source::SourceState::kEnd) break;
    require(!batch->events.empty());
    events += batch->events.size();
    require(events <= bytes.size());  // no record is smaller than a byte
    for (const event::Event& e : batch->events) {
      require(!event::dump(e).empty());
      if (const auto* d = std::get_if<event::FlowData>(&e)) require(d->payload.size() <= d->len);
      // What was read can be written and is read again as the same.
      std::string body;
      const source::Encoded encoded = source::encode(e, body);
      body.append(encoded.payload);
      event::Event again;
      require(source::decode(static_cast<std::uint16_t>(encoded.tag), body, again) == source::Decoded::kEvent);
      require(event::dump(again, 1 << 20) == event::dump(e, 1 << 20));
    }
  }
  require((*reader)->complete() == (!(*reader)->info().incomplete && !(*reader)->damage()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mcpvigil;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  // Behind a good header, so that the records are reached.
  read(source::encode_header({}) + std::string(bytes));
  // As the body of a record of each kind: what a checksum cannot keep out.
  for (std::uint16_t tag = 0; tag < 17; ++tag) {
    event::Event e;
    if (source::decode(tag, bytes, e) == source::Decoded::kEvent) require(!event::dump(e).empty());
  }
  return 0;
}
