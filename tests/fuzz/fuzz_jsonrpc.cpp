// SPDX-License-Identifier: Apache-2.0
// Any bytes through the parser. What must hold: delivered messages have the parts of their kind, a refusal delivers
// nothing (but in a batch), repair gives JSON that needs none, and a long-lived parser gives what a new one gives.
#include <cstdint>
#include <cstdlib>

#include "jsonrpc/message.h"
#include "jsonrpc/repair.h"

using namespace mcpvigil;

namespace {

void expect(bool b) {
  if (!b) std::abort();
}

struct Seen {
  base::SkipReason why{};
  std::uint32_t messages = 0;
  std::string ids;
  std::uint32_t oddities = 0;
  bool operator==(const Seen&) const = default;
};

Seen run(jsonrpc::Parser& parser, base::Bytes text) {
  Seen seen;
  seen.why = parser.parse(text, [&](const jsonrpc::Message& m) {
    ++seen.messages;
    seen.oddities |= m.oddities;
    m.id.append_json(seen.ids);
    const bool asks = m.kind == jsonrpc::Kind::kRequest || m.kind == jsonrpc::Kind::kNotification;
    expect(asks || m.result || m.error);
    expect(m.kind != jsonrpc::Kind::kRequest || m.id.usable());
    expect(m.kind != jsonrpc::Kind::kError || m.error);
    expect(m.batch_index < m.batch_size);
    expect(m.text.data() >= text.data() && m.text.data() + m.text.size() <= text.data() + text.size());
  });
  if (seen.why == base::SkipReason::kCount) {
    expect(seen.messages > 0 && parser.bad_elements() == 0);
  } else {
    expect(seen.messages == 0 || parser.bad_elements() > 0);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static jsonrpc::Parser reused;
  base::PaddedBuffer buffer;  // its own allocation each time: a sanitizer sees a read beyond the padding
  buffer.append({reinterpret_cast<const char*>(data), size});
  jsonrpc::Parser fresh;
  expect(run(reused, buffer.view()) == run(fresh, buffer.view()));

  std::string once, twice;
  if (jsonrpc::repair(buffer.view(), once)) expect(!jsonrpc::repair(once, twice));
  return 0;
}
