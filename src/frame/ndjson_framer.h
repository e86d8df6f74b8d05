// SPDX-License-Identifier: Apache-2.0
// NdjsonFramer: newline-delimited JSON as real MCP servers accept it (looser than the MCP text, which says one message
// a line): CRLF, blank lines, a BOM, leading white space, a message pretty-printed over several lines, several
// messages on one line, banners and logs between messages. One instance a lane.
//
// After a gap or rubbish it resynchronises at the next newline; a gap never glues two messages together.
#pragma once
#include <memory>

#include "frame/frame.h"

namespace mcpvigil::frame {

class NdjsonFramer {
 public:
  NdjsonFramer(base::StreamLimits limits, FrameListener& out);
  ~NdjsonFramer();
  NdjsonFramer(NdjsonFramer&&) = delete;

  // `bytes` is padded. Frames wholly inside `bytes` are not copied.
  void feed(std::uint64_t pos, Bytes bytes, Timestamp ts);
  void gap(std::uint64_t n, Timestamp ts);
  void finish(Timestamp ts);  // the stream ended; a complete text without a newline still is a frame
  [[nodiscard]] std::uint64_t buffered() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::frame
