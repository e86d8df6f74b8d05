// SPDX-License-Identifier: Apache-2.0
// NdjsonFramer: newline-delimited JSON as real MCP servers accept it (looser than the MCP text, which says one message
// a line): CRLF, blank lines, a BOM, leading white space, a message pretty-printed over several lines, several
// messages on one line, banners and logs between messages. One instance a lane.
//
// A message is given as soon as its last bracket was read. A line that opens a message and does not close it may be
// the start of a pretty-printed one or may be broken; it is broken once what follows cannot continue it (a raw newline
// in a string, a `{` where a comma or a key is due). Then that line alone is skipped (kMalformedJson): every complete
// message at column 0 inside the abandoned text is still given.
//
// After a gap, or a stream met in its middle (first pos > 0): the rest of the line is skipped unless it is exactly one
// value from the first byte after the gap to the newline, which the tail of a message never is. Then the next message
// must start at column 0, where the inner lines of a pretty-printed one do not. A gap never glues two messages.
#pragma once
#include <memory>

#include "frame/frame.h"

namespace mcpvigil::frame {

class NdjsonFramer {
 public:
  NdjsonFramer(base::StreamLimits limits, FrameListener& out);
  ~NdjsonFramer();
  NdjsonFramer(NdjsonFramer&&) = delete;

  // `bytes` is padded. Frames wholly inside `bytes` are not copied. A `pos` that jumps is taken as a gap.
  void feed(std::uint64_t pos, Bytes bytes, Timestamp ts);
  void gap(std::uint64_t n, Timestamp ts);
  void finish(Timestamp ts);  // the stream ended; a complete text without a newline still is a frame
  [[nodiscard]] std::uint64_t buffered() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::frame
