// SPDX-License-Identifier: Apache-2.0
#include "kernel/observed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

namespace mcpvigil::test {

namespace {

constexpr std::size_t kMaxAdopted = 4096;
const std::uint64_t kMaxPending = base::StreamLimits{}.max_pending;
struct Adopted {
  std::atomic<std::uint32_t> n;
  std::atomic<std::uint32_t> pid[kMaxAdopted];
};
Adopted& adopted() {
  static Adopted* a =
      static_cast<Adopted*>(mmap(nullptr, sizeof(Adopted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  return *a;
}

void close_all_but(std::vector<int> keep) {
  keep.push_back(0);
  keep.push_back(1);
  keep.push_back(2);
  std::sort(keep.begin(), keep.end());
  keep.erase(std::unique(keep.begin(), keep.end()), keep.end());
  int from = 0;
  for (const int fd : keep) {
    for (int i = from; i < fd; ++i) ::close(i);
    from = fd + 1;
  }
  const int limit = from + 512;
  for (int i = from; i < limit; ++i) ::close(i);
}

int high(int fd) {  // out of the way of descriptors that tests make
  const int to = fcntl(fd, F_DUPFD_CLOEXEC, 400);
  ::close(fd);
  return to;
}

std::string excerpt(const std::string& s) {
  std::string out;
  for (const char c : s.substr(0, 40)) out += c >= ' ' && c < 127 ? c : '.';
  return out + (s.size() > 40 ? "..." : "");
}

std::string describe(const HeardLane& l) {
  std::string out = std::to_string(l.bytes.size()) + " bytes \"" + excerpt(l.bytes) + "\" kind " +
                    std::to_string(static_cast<int>(l.channel.kind)) + " channel " +
                    std::to_string(static_cast<std::uint64_t>(l.channel.id)) + " lane " +
                    std::to_string(static_cast<int>(l.lane)) + " senders";
  for (const auto p : l.senders) out += " " + std::to_string(p);
  out += " receivers";
  for (const auto p : l.receivers) out += " " + std::to_string(p);
  for (std::size_t i = 0; i < l.gaps.size(); ++i) {
    if (i == 5) {
      out += " and " + std::to_string(l.gaps.size() - i) + " more gaps";
      break;
    }
    const Gap& g = l.gaps[i];
    out += " gap " + std::to_string(g.n) + " at " + std::to_string(g.pos) + " " + std::string(base::name(g.why));
  }
  return out;
}

}  // namespace

void actor_check(bool ok, const char* what, const char* file, int line) {
  if (ok) return;
  dprintf(2, "actor %d: %s:%d: %s: %s\n", getpid(), file, line, what, std::strerror(errno));
  _exit(99);
}

Actors::Actors() {
  static int serial = 0;
  adopted().n = 0;
  token_ = "fence " + std::to_string(getpid()) + " " + std::to_string(++serial) + " of a kernel test\n";
  int p[2];
  if (pipe2(p, O_CLOEXEC) != 0) return;
  go_[0] = high(p[0]);
  go_[1] = high(p[1]);
  if (pipe2(p, O_CLOEXEC) != 0) return;
  alive_[0] = high(p[0]);
  alive_[1] = high(p[1]);
  // The fence says its token when nobody holds alive_[1] any more: the records of all actors come before it.
  fence_ = fork();
  if (fence_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_all_but({alive_[0]});
    char c = 0;
    if (::read(alive_[0], &c, 1) != 0) _exit(1);
    int q[2];
    char back[128];
    if (pipe(q) != 0 || ::write(q[1], token_.data(), token_.size()) < 0 || ::read(q[0], back, sizeof back) < 0)
      _exit(1);
    _exit(0);
  }
}

Actors::~Actors() {
  for (int* fd : {&go_[0], &go_[1], &alive_[0], &alive_[1]}) {
    if (*fd >= 0) ::close(*fd);
  }
  for (const int fd : given_) ::close(fd);
  std::vector<pid_t> all = pids_;
  all.push_back(fence_);
  const std::uint32_t n = std::min<std::uint32_t>(adopted().n, kMaxAdopted);
  for (std::uint32_t i = 0; i < n; ++i) {
    // A grandchild: still there, and still ours, only when its session is.
    const auto pid = static_cast<pid_t>(adopted().pid[i].load());
    if (pid > 0 && getsid(pid) == getsid(0) && getpgid(pid) == getpgid(0) && kill(pid, 0) == 0 && !pids_.empty() &&
        gone_ == false) {
      kill(pid, SIGKILL);
    }
  }
  for (const pid_t pid : all) {
    if (pid <= 0) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

pid_t Actors::start(const std::vector<int>& keep, const std::function<void()>& body) {
  given_.insert(keep.begin(), keep.end());
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    std::vector<int> fds(keep);
    fds.push_back(go_[0]);
    fds.push_back(alive_[1]);
    close_all_but(fds);
    char c = 0;
    if (::read(go_[0], &c, 1) != 0) _exit(98);
    body();
    _exit(0);
  }
  if (pid > 0) pids_.push_back(pid);
  return pid;
}

void Actors::go() {
  for (const int fd : given_) ::close(fd);
  given_.clear();
  for (int* fd : {&go_[0], &go_[1], &alive_[0], &alive_[1]}) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
}

void Actors::adopt(pid_t pid) {
  const std::uint32_t i = adopted().n.fetch_add(1);
  if (i < kMaxAdopted) adopted().pid[i] = static_cast<std::uint32_t>(pid);
}

bool Actors::has(std::uint32_t pid) const {
  if (pid == 0) return false;
  for (const pid_t p : pids_) {
    if (static_cast<std::uint32_t>(p) == pid) return true;
  }
  const std::uint32_t n = std::min<std::uint32_t>(adopted().n, kMaxAdopted);
  for (std::uint32_t i = 0; i < n; ++i) {
    if (adopted().pid[i] == pid) return true;
  }
  return false;
}

void Actors::expect_good_ends() {
  for (const pid_t pid : std::exchange(pids_, {})) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "actor " << pid << " ended with status " << status;
  }
  waitpid(fence_, nullptr, 0);
  fence_ = -1;
  gone_ = true;
}

HeardLane Heard::expect(const Expected& e, const std::string& what) {
  const auto it = std::find_if(lanes.begin(), lanes.end(), [&](const HeardLane& l) { return l.bytes == e.bytes; });
  if (it == lanes.end()) {
    std::string all;
    for (const HeardLane& l : lanes) {
      all += "\n  " + describe(l);
      if (l.bytes.size() == e.bytes.size()) {
        const auto at = std::mismatch(l.bytes.begin(), l.bytes.end(), e.bytes.begin()).first - l.bytes.begin();
        all += " differs at " + std::to_string(at);
      }
    }
    ADD_FAILURE() << what << ": nobody heard these " << e.bytes.size() << " bytes \"" << excerpt(std::string(e.bytes))
                  << "\"; heard:" << all;
    return {};
  }
  HeardLane l = std::move(*it);
  lanes.erase(it);
  const std::string who = what + ": " + describe(l);
  if (e.kind) {
    EXPECT_EQ(l.channel.kind, *e.kind) << who;
  }
  // A call that moves more than may be held, or a machine too busy to let the other end's call return in time: bytes
  // are given out before anybody knows who is there. It must be known in the end, and never wrong.
  const auto expect_who = [&](std::set<std::uint32_t>& seen, const stream::End& end, pid_t pid) {
    if (pid == 0) return;
    if (e.bytes.size() > kMaxPending || !e.strict) seen.erase(0);
    const std::set<std::uint32_t> only{static_cast<std::uint32_t>(pid)};
    EXPECT_TRUE(seen == only || (seen.empty() && (e.bytes.size() > kMaxPending || !e.strict)))
        << who << ", not " << pid;
    EXPECT_EQ(end.process.pid, static_cast<std::uint32_t>(pid)) << who;
  };
  const bool a_to_b = l.lane == stream::Lane::kAToB;
  expect_who(l.senders, a_to_b ? l.channel.a : l.channel.b, e.sender);
  expect_who(l.receivers, a_to_b ? l.channel.b : l.channel.a, e.receiver);
  EXPECT_EQ(l.ledger().pending(), 0U) << who;
  EXPECT_EQ(l.ledger().parsed, e.bytes.size()) << who;
  if (!e.gaps_allowed) {
    EXPECT_EQ(l.ledger().lost_total(), 0U) << who;
    EXPECT_TRUE(l.gaps.empty()) << who;
  }
  return l;
}

void Heard::expect_nothing_else(const std::string& what) {
  for (const HeardLane& l : lanes) ADD_FAILURE() << what << ": also heard " << describe(l);
}

bool Heard::noted(event::BlindSpot what, pid_t pid) const {
  return std::any_of(notes.begin(), notes.end(), [&](const event::ProcessNote& n) {
    return n.what == what && (pid == 0 || n.process.pid == static_cast<std::uint32_t>(pid));
  });
}

std::vector<base::FlowId> Heard::flows_of_inode(std::uint64_t inode) const {
  std::vector<base::FlowId> out;
  for (const SeenOpen& o : opens) {
    if (o.open.inode == inode) out.push_back(o.open.flow);
  }
  return out;
}

Watch::Watch(probe::KernelSource& source, const Actors& actors)
    : source_(source), actors_(actors), assembler_({}, *this, &source) {
  heard_.before = source.counters();
}

void Watch::look(const event::Event& e) {
  last_ = std::max(last_, event::time_of(e));
  std::visit(
      [&]<typename T>(const T& x) {
        if constexpr (std::is_same_v<T, event::FlowData>) {
          if (x.actor.pid == static_cast<std::uint32_t>(actors_.fence()) && x.way == event::Way::kRead &&
              x.payload == actors_.token()) {
            fence_heard_ = true;
          }
        }
        if constexpr (std::is_same_v<T, event::FlowOpen>) {
          heard_.opens.push_back({x, std::string(x.path)});
          heard_.opens.back().open.path = {};
        }
        if constexpr (std::is_same_v<T, event::ProcessNote>) heard_.notes.push_back(x);
        if constexpr (std::is_same_v<T, event::FlowHolder>) heard_.holders.push_back(x);
        if constexpr (std::is_same_v<T, event::FlowSkipped>) heard_.skipped.push_back(x);
        if constexpr (std::is_same_v<T, event::FlowEof>) heard_.eofs.push_back(x);
        if constexpr (std::is_same_v<T, event::ProcessFork>) heard_.forks.push_back(x);
        if constexpr (std::is_same_v<T, event::ProcessExec>) heard_.execs.push_back(x);
        if constexpr (std::is_same_v<T, event::ProcessExit>) heard_.exits.push_back(x);
        if constexpr (std::is_same_v<T, event::ProcessFacts>) heard_.facts.push_back(x);
      },
      e);
}

bool Watch::until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + patience();
  while (!done()) {
    const auto batch = source_.next();
    if (!batch || batch->state == source::SourceState::kEnd) return false;
    for (const event::Event& e : batch->events) {
      assembler_.on_event(e);
      look(e);
    }
    if (std::chrono::steady_clock::now() > end) return done();
  }
  return true;
}

bool Watch::until_fence() {
  return until([&] { return fence_heard_; });
}

Heard Watch::finish() {
  assembler_.finish(last_);
  heard_.after = source_.counters();
  return std::move(heard_);
}

std::optional<stream::ChannelId> Watch::channel_of(pid_t pid) const {
  for (const auto& [id, o] : open_) {
    for (const HeardLane& l : o.lanes) {
      if (l.senders.contains(static_cast<std::uint32_t>(pid))) return id;
    }
  }
  return std::nullopt;
}

std::uint64_t Watch::bytes_of(pid_t sender) const {
  std::uint64_t n = 0;
  for (const auto& [id, o] : open_) {
    for (const HeardLane& l : o.lanes) {
      if (l.senders.contains(static_cast<std::uint32_t>(sender))) n += l.bytes.size();
    }
  }
  return n;
}

void Watch::on_open(stream::Channel& c, base::Timestamp) { open_[c.id]; }

void Watch::on_bytes(stream::Channel& c, stream::Lane lane, std::uint64_t, base::Bytes bytes, base::ProcessKey sender,
                     base::ProcessKey receiver, base::Timestamp) {
  c.ledger[stream::index(lane)].parsed += bytes.size();
  Open& o = open_[c.id];
  if (!o.ours && !o.foreign) {
    o.ours = actors_.has(sender.pid) || actors_.has(receiver.pid);
    o.foreign = !o.ours;
    if (o.foreign) assembler_.ignore(c.id);  // somebody else's traffic on this machine
  }
  if (!o.ours) return;
  HeardLane& l = o.lanes[stream::index(lane)];
  l.bytes.append(bytes);
  l.senders.insert(sender.pid);
  l.receivers.insert(receiver.pid);
}

void Watch::on_gap(stream::Channel& c, stream::Lane lane, std::uint64_t n, base::LossReason why, base::Timestamp) {
  HeardLane& l = open_[c.id].lanes[stream::index(lane)];
  l.gaps.push_back({l.bytes.size(), n, why});
}

void Watch::on_ignored(stream::Channel& c, stream::Lane lane, std::uint64_t n, base::Timestamp) {
  open_[c.id].lanes[stream::index(lane)].ignored += n;
}

void Watch::on_lane_end(stream::Channel& c, stream::Lane lane, base::Timestamp) {
  open_[c.id].lanes[stream::index(lane)].ended = true;
}

void Watch::on_close(stream::Channel& c, base::Timestamp) {
  Open o = std::move(open_[c.id]);
  open_.erase(c.id);
  const bool ours = o.ours || (!o.foreign && (actors_.has(c.a.process.pid) || actors_.has(c.b.process.pid)));
  if (!ours) return;
  for (const stream::Lane lane : {stream::Lane::kAToB, stream::Lane::kBToA}) {
    HeardLane& l = o.lanes[stream::index(lane)];
    l.channel = c;
    l.lane = lane;
    if (!l.bytes.empty() || !l.gaps.empty() || l.ignored != 0) heard_.lanes.push_back(std::move(l));
  }
}

Heard hear(Actors& actors, probe::KernelSource& source) {
  Watch watch(source, actors);
  actors.go();
  EXPECT_TRUE(watch.until_fence()) << "the actors did not end in time, or the end was not heard";
  const bool in_time = !testing::Test::HasFatalFailure();
  Heard heard = watch.finish();
  if (in_time && !testing::Test::HasFailure()) actors.expect_good_ends();
  return heard;
}

Heard hear(Actors& actors) { return hear(actors, *shared_source()); }

std::string noise(std::size_t n, unsigned seed) {
  std::string out(n, '\0');
  std::uint64_t x = 0x9E3779B97F4A7C15ULL * (seed + 1);
  for (std::size_t i = 0; i < n; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    out[i] = static_cast<char>('a' + x % 25);
  }
  return out;
}

std::string message(std::size_t n, int id) {
  const std::string head =
      R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":"tools/call","params":{"name":")";
  const std::string tail = "\"}}\n";
  const std::size_t room = n > head.size() + tail.size() ? n - head.size() - tail.size() : 1;
  return head + std::string(room, 'x') + tail;
}

}  // namespace mcpvigil::test
