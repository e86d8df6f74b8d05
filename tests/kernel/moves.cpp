// SPDX-License-Identifier: Apache-2.0
#include "kernel/moves.h"

#include <fcntl.h>
#include <unistd.h>

#include <numeric>

namespace mcpvigil::test {

namespace {
struct Stream {
  Ends ends;
  std::string bytes;
};
}  // namespace

void move(probe::KernelSource& source, Carrier carrier, const How& how, std::vector<std::size_t> sizes) {
  const bool pty = kind_of(carrier) == event::FlowKind::kPty;
  if (pty) sizes = {std::accumulate(sizes.begin(), sizes.end(), std::size_t{0})};
  Actors actors;
  std::vector<Stream> streams;
  std::vector<int> in;
  std::vector<int> out;
  for (const std::size_t size : sizes) {
    const Stream& s = streams.emplace_back(open_carrier(carrier), noise(size, static_cast<unsigned>(size)));
    if (!s.ends.why_not.empty()) GTEST_SKIP() << name(carrier) << ": " << s.ends.why_not;
    in.push_back(s.ends.a);
    out.push_back(s.ends.b);
    if (pty) {
      out.push_back(s.ends.a);  // a hang-up would drop what is not read yet
      // The kernel uses a terminal's number and memory again at once: kept, so that each test has one of its own.
      fcntl(s.ends.a, F_DUPFD_CLOEXEC, 410);
    }
  }
  const pid_t writer = actors.start(in, [&] {
    for (const Stream& s : streams) {
      DO(write_all(s.ends.a, s.bytes, how.writer, how.write_split, carrier == Carrier::kSeqpacket));
    }
  });
  const pid_t reader = actors.start(out, [&] {
    for (const Stream& s : streams) DO(read_all(s.ends.b, s.bytes.size(), how.reader, how.read_split));
  });
  Heard heard = hear(actors, source);
  for (const Stream& s : streams) {
    heard.expect({.bytes = s.bytes, .sender = writer, .receiver = reader, .kind = kind_of(carrier)},
                 std::to_string(s.bytes.size()) + " bytes");
  }
  heard.expect_nothing_else();
}

}  // namespace mcpvigil::test
