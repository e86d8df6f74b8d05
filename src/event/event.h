// SPDX-License-Identifier: Apache-2.0
// Event: one fact about the host, in the order it happened. What every source gives and every capture holds.
//
// Views inside an event (payload, strings) live until the next call of EventSource::next(). Payloads are padded
// bytes (base/bytes.h). Times are wall-clock; a source converts the kernel's boot clock.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/ledger.h"

namespace mcpvigil::event {

using base::Bytes;
using base::FlowId;
using base::ProcessKey;
using base::Timestamp;

// What kind of kernel object a flow is. Explicit numbers: they are in capture files.
enum class FlowKind : std::uint8_t {
  kPipe = 1,        // one direction: bytes written are bytes read
  kFifo = 2,        // a named pipe
  kPty = 3,         // one side of a pseudo-terminal
  kUnixStream = 4,  // one end of a unix stream socket or socketpair
  kUnixSeqpacket = 5,
  kTcp = 6,  // one end of a TCP socket
  kTls = 7,  // one SSL*: plaintext at the TLS library
};

// Which way bytes moved relative to the flow's object. For a pipe both name the same stream.
enum class Way : std::uint8_t {
  kRead = 0,   // delivered to a process by this object
  kWrite = 1,  // put into this object by a process
};

struct Address {                      // an IP endpoint
  std::uint8_t family = 0;            // 4, 6, or 0 when not known
  std::array<std::uint8_t, 16> ip{};  // the first 4 bytes for IPv4
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};

// First sight of a flow. Repeated when more became known (a socket connected): later fields win.
struct FlowOpen {
  Timestamp ts{};
  FlowId flow{};
  FlowKind kind{};
  std::uint64_t inode = 0;       // the object's inode number; 0 for TLS
  std::uint64_t peer_inode = 0;  // unix sockets: the other end's, 0 when not connected
  FlowId tls_socket{};           // TLS: the socket it runs over, 0 while not bound
  std::uint32_t netns = 0;       // TCP: inode of the network namespace
  Address local{}, remote{};     // TCP
  Bytes path{};                  // unix: bound path or @abstract name of either end; pty: "pts/3"; TLS: library file
  bool is_tls_server = false;    // TLS: accepts (true) or connects
  bool from_snapshot = false;    // existed before we started: earlier bytes were not seen
};

// Bytes that moved. len may exceed payload.size(): the rest was seen but not copied; `missing` says why.
struct FlowData {
  Timestamp ts{};
  FlowId flow{};
  Way way{};
  ProcessKey actor{};     // the process that made the call
  std::uint32_t tid = 0;  // its thread
  std::uint64_t pos = 0;  // position of the first byte in this flow and way, counted from first sight
  std::uint64_t len = 0;  // bytes moved
  Bytes payload{};        // padded; payload.size() <= len
  base::LossReason missing = base::LossReason::kCount;  // why payload is shorter, kCount when it is not
};

// Bytes moved and only counted: a process does I/O on a flow whose payload is taken elsewhere, or that is ignored.
// Sent when the acting process changes, and with totals when the flow ends.
struct FlowActor {
  Timestamp ts{};
  FlowId flow{};
  Way way{};
  ProcessKey actor{};
  std::uint64_t pos = 0;
};

// Bytes [pos, pos+len) of an ignored way were counted and not copied, by order; sent when the way re-opens because a
// message start appeared. Not a loss: the ledger's kKernelIgnored.
struct FlowSkipped {
  Timestamp ts{};
  FlowId flow{};
  Way way{};
  std::uint64_t pos = 0, len = 0;
};

// A process holds a descriptor of the flow (from a snapshot of the descriptor tables).
struct FlowHolder {
  Timestamp ts{};
  FlowId flow{};
  ProcessKey holder{};
  std::uint8_t can_read = 0, can_write = 0;
};

// No more bytes one way (end of file at a reader).
struct FlowEof {
  Timestamp ts{};
  FlowId flow{};
  Way way{};
};

// The object is gone. Totals are the kernel's counters, for the ledger: total = copied + ignored + lost.
struct FlowClose {
  Timestamp ts{};
  FlowId flow{};
  std::uint64_t read_total = 0, write_total = 0;
  std::uint64_t read_ignored = 0, write_ignored = 0;  // counted, not copied, because told to
};

struct ProcessExec {
  Timestamp ts{};
  ProcessKey process{};
  ProcessKey parent{};
};
struct ProcessFork {
  Timestamp ts{};
  ProcessKey parent{}, child{};
};
struct ProcessExit {
  Timestamp ts{};
  ProcessKey process{};
};

// What the host says about a process, from procfs and the exec event; sent before the first event that names it.
struct ProcessFacts {
  Timestamp ts{};
  ProcessKey process{};
  ProcessKey parent{};
  std::uint32_t uid = 0;
  std::string exe{};                // empty when not readable
  std::vector<std::string> argv{};  // bounded: 64 entries, 4 KiB in all
  std::string comm{}, cwd{}, user{}, cgroup{}, container{}, pod{};
};

// Something about a process that limits what can be seen of it.
enum class BlindSpot : std::uint8_t {
  kIoUring = 1,      // submits I/O by io_uring
  kUnknownTls = 2,   // speaks TLS by a library we do not cover
  kCompat32 = 3,     // makes 32-bit system calls
  kBlindReader = 4,  // reads a stream without a hooked call
  kBlindWriter = 5,
};
struct ProcessNote {
  Timestamp ts{};
  ProcessKey process{};
  BlindSpot what{};
  FlowId flow{};  // 0 when it is about the process as a whole
  std::string detail{};
};

// Records that never reached us, summed since the last Lost of this reason. Bytes also show as gaps in positions.
struct Lost {
  Timestamp ts{};
  base::LossReason reason{};
  std::uint64_t records = 0, bytes = 0;
};

// Time has passed and nothing else happened. Drives time-outs; recorded, so that a replay ticks alike.
struct Tick {
  Timestamp ts{};
};

using Event = std::variant<FlowOpen, FlowData, FlowActor, FlowSkipped, FlowHolder, FlowEof, FlowClose, ProcessExec,
                           ProcessFork, ProcessExit, ProcessFacts, ProcessNote, Lost, Tick>;

[[nodiscard]] Timestamp time_of(const Event& e);

}  // namespace mcpvigil::event
