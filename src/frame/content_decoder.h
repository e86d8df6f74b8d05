// SPDX-License-Identifier: Apache-2.0
// ContentDecoder: one Content-Encoding (gzip, deflate, br, zstd) undone as the bytes come. What can be decoded is given
// at once, so events of a compressed event stream are seen when they were flushed.
//
//   auto decoder = make_content_decoder("gzip", budget);     // null: not an encoding we know
//   status = decoder->decode(bytes, [&](Bytes plain) { ...; return keep_going; });
#pragma once
#include <functional>
#include <memory>

#include "base/memory_budget.h"
#include "frame/frame.h"

namespace mcpvigil::frame {

class ContentDecoder {
 public:
  enum class Status : std::uint8_t {
    kOk,
    kBad,      // not that encoding, or damaged
    kBomb,     // inflates beyond kMaxRatio
    kMemory,   // the decoder's window does not fit the memory budget
    kStopped,  // the sink returned false
  };
  using Sink = std::function<bool(Bytes plain)>;

  // Text compresses 5 to 20 times. Small bodies may do much better: the ratio counts beyond kFree.
  static constexpr std::uint64_t kMaxRatio = 200;
  static constexpr std::uint64_t kFree = 1U << 20;

  virtual ~ContentDecoder() = default;
  // After anything but kOk the decoder is of no more use.
  [[nodiscard]] Status decode(Bytes in, const Sink& out);
  // The encoded stream came to its own end.
  [[nodiscard]] virtual bool finished() const = 0;

 protected:
  static constexpr std::size_t kStep = 16U << 10;  // plain bytes given at once

  virtual Status run(Bytes in, const Sink& out) = 0;
  // Called by run() for each piece: counts and passes it on.
  [[nodiscard]] Status give(Bytes plain, const Sink& out);

 private:
  std::uint64_t in_ = 0, out_ = 0;
};

// `encoding` as in the header: one name in any case. The budget may be null and outlives the decoder.
[[nodiscard]] std::unique_ptr<ContentDecoder> make_content_decoder(std::string_view encoding,
                                                                   base::MemoryBudget* budget);
// "", "identity": there is nothing to decode.
[[nodiscard]] bool is_identity(std::string_view encoding);

}  // namespace mcpvigil::frame
