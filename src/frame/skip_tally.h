// SPDX-License-Identifier: Apache-2.0
// SkipTally: adds up runs of skipped bytes, so that a newline a message costs no virtual call a message.
// Call flush() before handing control back to the caller: until then its bytes are accounted nowhere.
#pragma once
#include "frame/frame.h"

namespace mcpvigil::frame {

class SkipTally {
 public:
  explicit SkipTally(FrameListener& out) : out_(out) {}

  void add(SkipReason why, std::uint64_t n) {
    if (why != why_) {
      flush();
      why_ = why;
    }
    n_ += n;
  }
  void flush() {
    if (n_ != 0) out_.on_skip(why_, n_);
    n_ = 0;
  }

 private:
  FrameListener& out_;
  SkipReason why_ = SkipReason::kProtocolFraming;
  std::uint64_t n_ = 0;
};

}  // namespace mcpvigil::frame
