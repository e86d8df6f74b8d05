// SPDX-License-Identifier: Apache-2.0
// Event <-> the body of a record (capture_format.h). The only place that knows the layouts.
//
// encode gives the body without the last tail when that is a payload, so that large payloads are never copied twice.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "event/event.h"
#include "mcpvigil/capture_format.h"

namespace mcpvigil::source {

struct Encoded {
  capture_format::Tag tag{};
  base::Bytes payload;  // follows the bytes appended to `out`; a view into the event
};

// Appends the body of e to `out`.
Encoded encode(const event::Event& e, std::string& out);

enum class Decoded : std::uint8_t {
  kEvent,
  kUnknownTag,  // written by a later version
  kMalformed,   // not what the tag promises
};

// Views in `out` point into `body`, which must be padded for payloads to be.
[[nodiscard]] Decoded decode(std::uint16_t tag, base::Bytes body, event::Event& out);

}  // namespace mcpvigil::source
