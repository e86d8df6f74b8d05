// SPDX-License-Identifier: Apache-2.0
// find_head: where the next HTTP/1 request or status line begins, for a lane that lost its place.
//
// A whole line with its newline is asked for: no JSON text holds a raw one inside a string, so a head quoted in a
// message is not taken for one.
#pragma once
#include <cstddef>
#include <cstdint>

#include "frame/frame.h"

namespace mcpvigil::frame {

struct HeadSearch {
  std::size_t at = 0;  // everything before is not part of a head
  bool found = false;  // false: what begins at `at` (if anything) may still become one
};

enum class HeadKind : std::uint8_t { kRequest, kStatus };

[[nodiscard]] HeadSearch find_head(Bytes bytes, HeadKind kind);

// For a chunked event stream after a gap: where a chunk begins right behind the end of an event ("\n\n\r\n1a\r\ndata: ").
// Servers send an event a chunk, so this is the next event.
[[nodiscard]] HeadSearch find_event_chunk(Bytes bytes);

}  // namespace mcpvigil::frame
