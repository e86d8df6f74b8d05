// SPDX-License-Identifier: Apache-2.0
// Every way of writing against every way of reading on every carrier: each byte once, in order, both ends named.
#include <tuple>

#include "kernel/moves.h"
#include "kernel/observed.h"

namespace mcpvigil::test {
namespace {

constexpr Carrier kCarriers[] = {Carrier::kPipe,      Carrier::kFifo,        Carrier::kSocketpair,
                                 Carrier::kSeqpacket, Carrier::kNamedUnix,   Carrier::kTcp4,
                                 Carrier::kTcp6,      Carrier::kPtyToMaster, Carrier::kPtyToSlave};
constexpr Writer kWriters[] = {Writer::kWrite,   Writer::kWritev,   Writer::kSendto,
                               Writer::kSendmsg, Writer::kSendmmsg, Writer::kVmsplice};
constexpr Reader kReaders[] = {Reader::kRead, Reader::kReadv, Reader::kRecvfrom, Reader::kRecvmsg, Reader::kRecvmmsg};

using Call = std::tuple<Carrier, Writer, Reader>;

std::vector<Call> all_calls() {
  std::vector<Call> out;
  for (const Carrier c : kCarriers) {
    for (const Writer w : kWriters) {
      for (const Reader r : kReaders) {
        if (fits(c, w) && fits(c, r)) out.emplace_back(c, w, r);
      }
    }
  }
  return out;
}

// Each writer and each reader at least once.
std::vector<Call> some_calls() {
  std::vector<Call> out;
  for (const Call& call : all_calls()) {
    const auto [c, w, r] = call;
    const bool like = static_cast<int>(w) == static_cast<int>(r) || (w == Writer::kVmsplice && r == Reader::kReadv);
    if (like) out.push_back(call);
  }
  return out;
}

std::string call_name(const testing::TestParamInfo<Call>& p) {
  return std::string(name(std::get<0>(p.param))) + "_" + name(std::get<1>(p.param)) + "_" + name(std::get<2>(p.param));
}

class EveryCall : public KernelTest, public testing::WithParamInterface<Call> {};
TEST_P(EveryCall, MovesEachByteOnce) {
  const auto [carrier, writer, reader] = GetParam();
  move(*shared_source(), carrier, {writer, reader}, {1, 100, 4096, 65537, 300000});
}
INSTANTIATE_TEST_SUITE_P(Io, EveryCall, testing::ValuesIn(all_calls()), call_name);

class EverySize : public KernelTest, public testing::WithParamInterface<Call> {};
TEST_P(EverySize, MovesEachByteOnce) {
  const auto [carrier, writer, reader] = GetParam();
  std::vector<std::size_t> sizes = {1,    2,    3,    7,    8,     9,     100,   191,   192,   193,
                                    1472, 1473, 4096, 6017, 16257, 65535, 65536, 65537, 300000};
  if (kind_of(carrier) != event::FlowKind::kPty) {
    sizes.push_back(2UL << 20);
    sizes.push_back(8UL << 20);
  }
  move(*shared_source(), carrier, {writer, reader}, sizes);
}
INSTANTIATE_TEST_SUITE_P(Io, EverySize, testing::ValuesIn(some_calls()), call_name);

class EverySplit : public KernelTest, public testing::WithParamInterface<Call> {};
TEST_P(EverySplit, OneByteWrites) {
  const auto [carrier, writer, reader] = GetParam();
  move(*shared_source(), carrier, {writer, reader, Split::kOneByte, Split::kWhole}, {1, 2, 100, 513});
}
TEST_P(EverySplit, OneByteReads) {
  const auto [carrier, writer, reader] = GetParam();
  if (carrier == Carrier::kSeqpacket) return;  // a short read drops the rest of a packet
  move(*shared_source(), carrier, {writer, reader, Split::kWhole, Split::kOneByte}, {2, 100, 513});
}
TEST_P(EverySplit, OddIovecs) {
  const auto [carrier, writer, reader] = GetParam();
  move(*shared_source(), carrier, {writer, reader, Split::kOddIovecs, Split::kOddIovecs},
       {2, 100, 4096, 65537, 300000});
}
TEST_P(EverySplit, SmallPieces) {
  const auto [carrier, writer, reader] = GetParam();
  move(*shared_source(), carrier, {writer, reader, Split::kPieces, Split::kWhole}, {4999, 65536, 300000});
}
TEST_P(EverySplit, SmallReads) {
  const auto [carrier, writer, reader] = GetParam();
  if (carrier == Carrier::kSeqpacket) return;  // a short read drops the rest of a packet
  move(*shared_source(), carrier, {writer, reader, Split::kWhole, Split::kPieces}, {4999, 65536, 300000});
}
INSTANTIATE_TEST_SUITE_P(Io, EverySplit, testing::ValuesIn(some_calls()), call_name);

class Io : public KernelTest {};

TEST_F(Io, SixtyFourMegabytesInOneMessage) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string bytes = noise(64UL << 20, 64);
  const pid_t w = actors.start({e.a}, [&] { DO(write_all(e.a, bytes, Writer::kWrite, Split::kWhole, false)); });
  const pid_t r = actors.start({e.b}, [&] { DO(read_all(e.b, bytes.size(), Reader::kRead, Split::kWhole)); });
  Heard heard = hear(actors);
  heard.expect({.bytes = bytes, .sender = w, .receiver = r});
  heard.expect_nothing_else();
}

TEST_F(Io, BothWaysOfASocketpair) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kSocketpair);
  const std::string there = message(900, 1);
  const std::string back = message(70000, 2);
  const pid_t client = actors.start({e.a}, [&] {
    DO(write_all(e.a, there, Writer::kWrite, Split::kWhole, false));
    DO(read_all(e.a, back.size(), Reader::kRead, Split::kWhole));
  });
  const pid_t server = actors.start({e.b}, [&] {
    DO(read_all(e.b, there.size(), Reader::kRead, Split::kWhole));
    DO(write_all(e.b, back, Writer::kSendto, Split::kWhole, false));
  });
  Heard heard = hear(actors);
  const HeardLane l = heard.expect({.bytes = there, .sender = client, .receiver = server});
  const HeardLane m = heard.expect({.bytes = back, .sender = server, .receiver = client});
  heard.expect_nothing_else();
  EXPECT_EQ(l.channel.id, m.channel.id);
  EXPECT_TRUE(l.channel.socketpair);
  EXPECT_NE(l.lane, m.lane);
}

}  // namespace
}  // namespace mcpvigil::test
