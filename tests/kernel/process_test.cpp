// SPDX-License-Identifier: Apache-2.0
// Who the processes are: exec, fork and exit of short-lived ones, exec in place, pids used again; streams that were open
// before the start; streams that are ignored and looked at again.
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>

#include "kernel/carriers.h"
#include "kernel/observed.h"

namespace mcpvigil::test {
namespace {

class Processes : public KernelTest {};

void put(int fd, std::string_view s) { DO(write_all(fd, s, Writer::kWrite, Split::kWhole, false)); }
void get(int fd, std::size_t n) {
  std::vector<char> room(65536);
  while (n != 0) {
    const ssize_t got = read(fd, room.data(), std::min(n, room.size()));
    DO(got > 0);
    n -= static_cast<std::size_t>(got);
  }
}

// A number that this process and the actors share.
class Flag {
 public:
  Flag()
      : v_(static_cast<std::atomic<int>*>(
            mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~Flag() { munmap(v_, sizeof *v_); }
  Flag(const Flag&) = delete;
  void set(int n) { *v_ = n; }
  [[nodiscard]] int get() const { return *v_; }
  void wait_for(int n) const {  // in an actor
    for (int i = 0; i < 20000 && *v_ < n; ++i) usleep(1000);
    DO(*v_ >= n);
  }

 private:
  std::atomic<int>* v_;
};

const event::ProcessFacts* facts_of(const Heard& heard, std::uint32_t pid, std::size_t nth = 0) {
  for (const event::ProcessFacts& f : heard.facts) {
    if (f.process.pid == pid && nth-- == 0) return &f;
  }
  return nullptr;
}

TEST_F(Processes, AShortLivedProgramIsNamed) {
  Actors actors;
  Flag pid;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const pid_t w = actors.start({e.a}, [&] {
    const pid_t child = fork();
    if (child == 0) {
      Actors::adopt(getpid());
      pid.set(getpid());
      dup2(e.a, 1);
      execl("/bin/echo", "/bin/echo", text.c_str(), nullptr);
      _exit(1);
    }
    int status = 0;
    DO(waitpid(child, &status, 0) == child && status == 0);
  });
  const pid_t r = actors.start({e.b}, [&] { get(e.b, text.size() + 1); });
  Heard heard = hear(actors);
  heard.expect({.bytes = text + "\n", .sender = pid.get(), .receiver = r});
  const event::ProcessFacts* f = facts_of(heard, static_cast<std::uint32_t>(pid.get()));
  ASSERT_NE(f, nullptr);
  EXPECT_EQ(f->argv, (std::vector<std::string>{"/bin/echo", text}));
  EXPECT_FALSE(f->exe.empty());
  EXPECT_EQ(f->comm, "echo");
  EXPECT_EQ(f->uid, getuid());
  EXPECT_EQ(f->parent.pid, static_cast<std::uint32_t>(w));
  EXPECT_NE(f->process.start_ns, 0U);
  const event::ProcessFacts* p = facts_of(heard, static_cast<std::uint32_t>(w));
  ASSERT_NE(p, nullptr) << "its parent is told, too";
  EXPECT_EQ(p->parent.pid, static_cast<std::uint32_t>(getpid()));
  EXPECT_TRUE(
      std::any_of(heard.exits.begin(), heard.exits.end(), [&](const auto& x) { return x.process == f->process; }));
}

TEST_F(Processes, ExecInPlaceChangesTheFacts) {
  Actors actors;
  const Ends e = open_carrier(Carrier::kPipe);
  const std::string first = message(200, 1);
  const pid_t w = actors.start({e.a}, [&] {
    put(e.a, first);
    dup2(e.a, 1);
    usleep(100000);  // the facts are read when the first bytes are decoded
    execl("/bin/echo", "echo", "{\"second\":1}", nullptr);
  });
  const pid_t r = actors.start({e.b}, [&] {
    get(e.b, first.size());
    get(e.b, 13);
  });
  Heard heard = hear(actors);
  heard.expect({.bytes = first + "{\"second\":1}\n", .sender = w, .receiver = r});
  const event::ProcessFacts* before = facts_of(heard, static_cast<std::uint32_t>(w), 0);
  const event::ProcessFacts* after = facts_of(heard, static_cast<std::uint32_t>(w), 1);
  ASSERT_TRUE(before != nullptr && after != nullptr);
  EXPECT_EQ(before->process, after->process);
  EXPECT_EQ(after->argv, (std::vector<std::string>{"echo", "{\"second\":1}"}));
  EXPECT_NE(before->argv, after->argv);
  EXPECT_TRUE(
      std::any_of(heard.execs.begin(), heard.execs.end(), [&](const auto& x) { return x.process == after->process; }));
}

TEST_F(Processes, APidUsedAgainIsAnotherProcess) {
  Actors actors;
  Flag reused;
  const Ends e = open_carrier(Carrier::kPipe);
  const Ends f = open_carrier(Carrier::kPipe);
  actors.start({e.a, f.a}, [&] {
    const pid_t first = fork();
    if (first == 0) {
      Actors::adopt(getpid());
      put(e.a, message(100, 1));
      _exit(0);
    }
    DO(waitpid(first, nullptr, 0) == first);
    clone_args args{};
    pid_t want = first;
    args.exit_signal = SIGCHLD;
    args.set_tid = reinterpret_cast<__u64>(&want);
    args.set_tid_size = 1;
    const auto second = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
    if (second == 0) {
      put(f.a, message(100, 2));
      _exit(0);
    }
    if (second < 0) {
      put(f.a, message(100, 2));  // somebody took it
      return;
    }
    DO(second == first && waitpid(second, nullptr, 0) == second);
    reused.set(1);
  });
  actors.start({e.b, f.b}, [&] {
    get(e.b, message(100, 1).size());
    get(f.b, message(100, 2).size());
  });
  Heard heard = hear(actors);
  if (reused.get() == 0) GTEST_SKIP() << "this kernel gives no chosen pid (clone3 set_tid)";
  const HeardLane x = heard.expect({.bytes = message(100, 1)});
  const HeardLane y = heard.expect({.bytes = message(100, 2)});
  EXPECT_EQ(x.channel.a.process.pid, y.channel.a.process.pid);
  EXPECT_NE(x.channel.a.process.start_ns, y.channel.a.process.start_ns);
  EXPECT_NE(x.channel.a.process, y.channel.a.process);
}

TEST_F(Processes, StreamsOpenBeforeTheStart) {
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair, Carrier::kTcp4, Carrier::kFifo}) {
    SCOPED_TRACE(name(c));
    Actors actors;
    Flag step;
    Flag done;
    const Ends e = open_carrier(c);
    const pid_t w = actors.start({e.a}, [&] {
      put(e.a, "not seen");
      step.wait_for(1);
      put(e.a, message(400, 1));
      done.wait_for(2);  // what procfs says of it is read when its bytes are heard
    });
    const pid_t r = actors.start({e.b}, [&] {
      get(e.b, 8);
      done.set(1);
      get(e.b, message(400, 1).size());
    });
    actors.go();
    for (int i = 0; i < 5000 && done.get() == 0; ++i) usleep(1000);
    ASSERT_EQ(done.get(), 1);

    probe::LiveOptions options = live_options();
    options.snapshot = true;
    auto source = probe::KernelSource::open(options);
    ASSERT_TRUE(source) << source.error().message;
    Watch watch(**source, actors);
    step.set(1);
    ASSERT_TRUE(watch.until([&] {
      return std::any_of(watch.so_far().facts.begin(), watch.so_far().facts.end(),
                         [&](const auto& f) { return f.process.pid == static_cast<std::uint32_t>(w); });
    }));
    done.set(2);
    ASSERT_TRUE(watch.until_fence());
    Heard heard = watch.finish();
    actors.expect_good_ends();
    const HeardLane l = heard.expect({.bytes = message(400, 1), .sender = w, .receiver = r, .kind = kind_of(c)});
    EXPECT_TRUE(l.channel.mid_stream);
    const auto holds = [&](pid_t pid, bool write) {
      return std::any_of(heard.holders.begin(), heard.holders.end(), [&](const event::FlowHolder& h) {
        return h.holder.pid == static_cast<std::uint32_t>(pid) && (write ? h.can_write : h.can_read) != 0;
      });
    };
    EXPECT_TRUE(holds(w, true));
    EXPECT_TRUE(holds(r, false));
    ASSERT_NE(facts_of(heard, static_cast<std::uint32_t>(w)), nullptr);
    EXPECT_FALSE(facts_of(heard, static_cast<std::uint32_t>(w))->exe.empty());
  }
}

TEST_F(Processes, AnIgnoredStreamIsOnlyCountedUntilAMessageStarts) {
  for (const Carrier c : {Carrier::kPipe, Carrier::kSocketpair}) {
    SCOPED_TRACE(name(c));
    constexpr std::size_t kIgnored = 100000;
    Actors actors;
    Flag step;
    Flag read_all_of_it;
    const Ends e = open_carrier(c);
    const std::string head = noise(1000, 1);
    const std::string tail = message(300, 1) + message(400, 2);
    const pid_t w = actors.start({e.a}, [&] {
      put(e.a, head);
      step.wait_for(1);
      for (std::size_t i = 0; i < kIgnored; i += 1000) put(e.a, noise(1000, 5));
      step.wait_for(2);
      put(e.a, tail);
    });
    const pid_t r = actors.start({e.b}, [&] {
      get(e.b, head.size() + kIgnored);
      read_all_of_it.set(1);
      get(e.b, tail.size());
    });
    probe::KernelSource& source = *shared_source();
    Watch watch(source, actors);
    actors.go();
    ASSERT_TRUE(watch.until([&] { return watch.bytes_of(w) >= head.size(); }));
    watch.ignore(*watch.channel_of(w));
    // The wish is in the kernel when ignore() returns.
    const auto before = source.counters();
    step.set(1);
    ASSERT_TRUE(watch.until([&] { return read_all_of_it.get() == 1; }));
    const auto after = source.counters();
    EXPECT_GE(after.ignored - before.ignored, kIgnored);
    step.set(2);
    ASSERT_TRUE(watch.until_fence());
    Heard heard = watch.finish();
    actors.expect_good_ends();
    EXPECT_GT(heard.after.reopened, heard.before.reopened);
    EXPECT_GE(std::count_if(heard.skipped.begin(), heard.skipped.end(),
                            [](const event::FlowSkipped& s) { return s.len == kIgnored; }),
              1);
    const HeardLane l = heard.expect({.bytes = head + tail, .sender = w, .receiver = r});
    EXPECT_EQ(l.ignored, kIgnored);
    EXPECT_EQ(l.ledger().seen, l.ledger().parsed + l.ledger().skipped_total());
  }
}

}  // namespace
}  // namespace mcpvigil::test
