// SPDX-License-Identifier: Apache-2.0
// Channel: two ends and the byte streams between them, whatever kernel objects carry them.
//
// A channel has up to two lanes. Lane kAToB carries what end a sends to end b. A pipe has that lane only (a writes,
// b reads); a socketpair, a TCP connection and a TLS connection have both. One copy of every byte, whichever end it
// was taken at. The StreamAssembler makes channels from events and tells a StreamListener.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/ledger.h"
#include "event/event.h"

namespace mcpvigil::stream {

using base::Bytes;
using base::ChannelId;
using base::ProcessKey;
using base::Timestamp;

enum class Lane : std::uint8_t { kAToB = 0, kBToA = 1 };
[[nodiscard]] constexpr Lane other(Lane l) { return l == Lane::kAToB ? Lane::kBToA : Lane::kAToB; }
[[nodiscard]] constexpr std::size_t index(Lane l) { return static_cast<std::size_t>(l); }

// One end. process is the last one seen doing I/O there (not merely holding it); unknown for a remote peer.
struct End {
  ProcessKey process;
  event::Address address;  // TCP and TLS over TCP
  bool remote = false;     // not on this host, as far as seen
  bool blind = false;      // this end's I/O is not hooked (io_uring, splice, ...): the other end's copy is used
};

struct Channel {
  ChannelId id{};
  event::FlowKind kind{};   // of the carrier; kTls for decrypted bytes
  bool socketpair = false;  // a unix socket with no name at either end
  bool tls = false;
  bool one_way = false;     // a pipe: only kAToB
  bool mid_stream = false;  // existed before we started: the first bytes were not seen
  std::string path;         // unix: socket path; pty: name; TLS: library file
  End a, b;                 // TCP/TLS: a connected, b accepted when that is known (else b has the lower port)
  std::array<base::Ledger, 2>
      ledger;  // by lane; `seen`, `lost` and kOtherEnd are filled by the assembler, the rest downstream
};

// What the listener learns, in stream order per lane. Channel& stays valid until on_close returns.
// The listener may keep the reference and fill ledger[].parsed/.skipped.
class StreamListener {
 public:
  virtual ~StreamListener() = default;
  virtual void on_open(Channel& c, Timestamp ts) = 0;
  // `bytes` is padded and lives until return. sender/receiver are the processes that moved exactly these bytes
  // (unknown when only the other end was seen).
  virtual void on_bytes(Channel& c, Lane lane, std::uint64_t pos, Bytes bytes, ProcessKey sender, ProcessKey receiver,
                        Timestamp ts) = 0;
  // n bytes are missing here. Already counted in the ledger.
  // n == 0: an unknown number (the copies taken at the two ends count from different bytes).
  virtual void on_gap(Channel& c, Lane lane, std::uint64_t n, base::LossReason why, Timestamp ts) = 0;
  // n bytes are missing here because the channel was ignored by order: not a loss, but what follows does not continue
  // what came before. Already counted as kKernelIgnored.
  virtual void on_ignored(Channel& c, Lane lane, std::uint64_t n, Timestamp ts) {
    on_gap(c, lane, n, base::LossReason::kStreamGap, ts);
  }
  virtual void on_lane_end(Channel& c, Lane lane, Timestamp ts) = 0;
  virtual void on_close(Channel& c, Timestamp ts) = 0;
};

// How a flow's bytes should be taken from now on; a wish to the kernel (an effect), ignored in replay.
enum class CopyMode : std::uint8_t {
  kAuto = 0,    // reader copies; writer copies only until a reader is seen
  kCopy = 1,    // copy here whatever the other end does
  kCount = 2,   // count only: the other end copies
  kIgnore = 3,  // not MCP: count only, both ways; the kernel re-opens when a message start appears
};

class CopyControl {
 public:
  virtual ~CopyControl() = default;
  virtual void set_copy(base::FlowId flow, event::Way way, CopyMode mode) = 0;
};

}  // namespace mcpvigil::stream
