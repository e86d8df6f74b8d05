// SPDX-License-Identifier: Apache-2.0
// What the kernel tests stand on: actor processes that move bytes, and a Watch that hears them through the real probes.
//
//   class T : public KernelTest {};            // skips with a reason where the probes cannot load
//   Actors actors;
//   Ends e = open_carrier(Carrier::kPipe);
//   const pid_t w = actors.start({e.a}, [&] { DO(write(e.a, "x", 1) == 1); });
//   const pid_t r = actors.start({e.b}, [&] { char c; DO(read(e.b, &c, 1) == 1); });
//   Heard heard = hear(actors);
//   heard.expect({.bytes = "x", .sender = w, .receiver = r, .kind = event::FlowKind::kPipe});
//   heard.expect_nothing_else();
//
// The test process itself is never observed (mv_self_tgid): only its children are.
#pragma once
#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "probe/kernel_source.h"
#include "stream/stream_assembler.h"

namespace mcpvigil::test {

// In an actor: ends it, with the place on stderr, when `cond` is false.
#define DO(cond) ::mcpvigil::test::actor_check((cond), #cond, __FILE__, __LINE__)
void actor_check(bool ok, const char* what, const char* file, int line);

// Children that wait at a barrier, act and end; all are killed by pid when this goes.
class Actors {
 public:
  Actors();
  ~Actors();
  Actors(const Actors&) = delete;

  // Forks one. It keeps only the given descriptors; this process closes its copies of them at go().
  pid_t start(const std::vector<int>& keep, const std::function<void()>& body);
  // Lets those that are waiting begin. May be called once.
  void go();
  // In an actor: names this process (a grandchild) as one of the actors.
  static void adopt(pid_t pid);
  [[nodiscard]] bool has(std::uint32_t pid) const;
  // The last of them: says the token when all others are gone.
  [[nodiscard]] pid_t fence() const { return fence_; }
  [[nodiscard]] const std::string& token() const { return token_; }
  // After the fence was heard: every actor ended well.
  void expect_good_ends();

 private:
  int go_[2] = {-1, -1};
  int alive_[2] = {-1, -1};
  pid_t fence_ = -1;
  std::string token_;
  std::vector<pid_t> pids_;
  std::set<int> given_;
  bool gone_ = false;
};

struct Gap {
  std::uint64_t pos = 0, n = 0;
  base::LossReason why{};
};

// One direction of one channel, from its first byte to its end.
struct HeardLane {
  stream::Channel channel;  // as it was at the end
  stream::Lane lane{};
  std::string bytes;
  std::set<std::uint32_t> senders, receivers;  // pids; 0: not known
  std::vector<Gap> gaps;
  std::uint64_t ignored = 0;
  bool ended = false;
  [[nodiscard]] const base::Ledger& ledger() const { return channel.ledger[stream::index(lane)]; }
};

struct Expected {
  std::string_view bytes;
  pid_t sender = 0, receiver = 0;  // 0: not looked at
  std::optional<event::FlowKind> kind{};
  bool gaps_allowed = false;
  bool strict = false;  // both ends known for every byte, not only in the end
};

struct SeenOpen {
  event::FlowOpen open;
  std::string path;
};

struct Heard {
  std::vector<HeardLane> lanes;  // of actors, with at least one byte or gap
  std::vector<SeenOpen> opens;
  std::vector<event::ProcessNote> notes;
  std::vector<event::FlowHolder> holders;
  std::vector<event::FlowSkipped> skipped;
  std::vector<event::FlowEof> eofs;
  std::vector<event::ProcessFork> forks;
  std::vector<event::ProcessExec> execs;
  std::vector<event::ProcessExit> exits;
  std::vector<event::ProcessFacts> facts;
  probe::KernelCounters before, after;

  // A lane with exactly these bytes, nothing of it pending or lost; taken out of `lanes`.
  HeardLane expect(const Expected& e, const std::string& what = {});
  void expect_nothing_else(const std::string& what = {});
  [[nodiscard]] bool noted(event::BlindSpot what, pid_t pid = 0) const;
  [[nodiscard]] std::vector<base::FlowId> flows_of_inode(std::uint64_t inode) const;
};

// Listens to one source with an assembler of its own.
class Watch : public stream::StreamListener {
 public:
  Watch(probe::KernelSource& source, const Actors& actors);
  // Events until the fence was heard; false when the time was up.
  bool until_fence();
  bool until(const std::function<bool()>& done);
  // Gives everything that is held and takes the results.
  Heard finish();

  [[nodiscard]] const Heard& so_far() const { return heard_; }
  [[nodiscard]] std::optional<stream::ChannelId> channel_of(pid_t pid) const;
  [[nodiscard]] std::uint64_t bytes_of(pid_t sender) const;
  void ignore(stream::ChannelId id) { assembler_.ignore(id); }

  void on_open(stream::Channel& c, base::Timestamp ts) override;
  void on_bytes(stream::Channel& c, stream::Lane lane, std::uint64_t pos, base::Bytes bytes, base::ProcessKey sender,
                base::ProcessKey receiver, base::Timestamp ts) override;
  void on_gap(stream::Channel& c, stream::Lane lane, std::uint64_t n, base::LossReason why,
              base::Timestamp ts) override;
  void on_ignored(stream::Channel& c, stream::Lane lane, std::uint64_t n, base::Timestamp ts) override;
  void on_lane_end(stream::Channel& c, stream::Lane lane, base::Timestamp ts) override;
  void on_close(stream::Channel& c, base::Timestamp ts) override;

 private:
  struct Open {
    std::array<HeardLane, 2> lanes;
    bool ours = false, foreign = false;
  };
  void look(const event::Event& e);

  probe::KernelSource& source_;
  const Actors& actors_;
  stream::StreamAssembler assembler_;
  std::map<stream::ChannelId, Open> open_;
  Heard heard_;
  base::Timestamp last_{};
  bool fence_heard_ = false;
};

// The whole of a test: go, hear all until the actors ended, check that they ended well.
Heard hear(Actors& actors);
Heard hear(Actors& actors, probe::KernelSource& source);

// The one source of this test binary, opened with the first test; null with a reason when it cannot be.
probe::KernelSource* shared_source(std::string* why_not = nullptr);
void close_shared_source();
probe::LiveOptions live_options();
// Why the probes cannot be tested on this machine; empty when they can.
std::string why_not_here();
// How long one test may take; stretched by --slow=N.
std::chrono::milliseconds patience();

class KernelTest : public testing::Test {
 protected:
  void SetUp() override;
};

// Different bytes for different seeds, no byte pattern of any protocol.
std::string noise(std::size_t n, unsigned seed);
// One JSON-RPC message of about n bytes, with its newline.
std::string message(std::size_t n, int id);

}  // namespace mcpvigil::test
