// SPDX-License-Identifier: Apache-2.0
// Kernel objects that carry bytes between two processes, and the system calls that move them.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "event/event.h"

namespace mcpvigil::test {

enum class Carrier { kPipe, kFifo, kSocketpair, kSeqpacket, kNamedUnix, kTcp4, kTcp6, kPtyToMaster, kPtyToSlave };
enum class Reader { kRead, kReadv, kRecvfrom, kRecvmsg, kRecvmmsg };
enum class Writer { kWrite, kWritev, kSendto, kSendmsg, kSendmmsg, kVmsplice };
// How the bytes are cut into calls and buffers.
enum class Split { kWhole, kOneByte, kOddIovecs, kPieces };

struct Ends {
  int a = -1, b = -1;   // what is written to a is read from b
  std::string why_not;  // not empty: this machine cannot make one
};
Ends open_carrier(Carrier c);

[[nodiscard]] const char* name(Carrier c);
[[nodiscard]] const char* name(Reader r);
[[nodiscard]] const char* name(Writer w);
[[nodiscard]] const char* name(Split s);
[[nodiscard]] event::FlowKind kind_of(Carrier c);
[[nodiscard]] bool is_socket(Carrier c);
[[nodiscard]] bool is_pipe(Carrier c);
[[nodiscard]] bool fits(Carrier c, Writer w);
[[nodiscard]] bool fits(Carrier c, Reader r);

// For actors: all of it, by these calls, or false. Seqpacket: one message a call, of at most kMaxPacket.
inline constexpr std::size_t kMaxPacket = 65536;
bool write_all(int fd, std::string_view bytes, Writer w, Split s, bool packets);
bool read_all(int fd, std::size_t n, Reader r, Split s);

}  // namespace mcpvigil::test
