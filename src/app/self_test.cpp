// SPDX-License-Identifier: Apache-2.0
#include "app/self_test.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "pipeline/pipeline.h"
#include "probe/kernel_source.h"

namespace mcpvigil::app {

namespace {

constexpr std::array<std::string_view, 2> kRequests = {
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcpvigil-doctor","version":"1"}}})"
    "\n",
    R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"self-test","arguments":{}}})"
    "\n"};
constexpr std::array<std::string_view, 2> kAnswers = {
    R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"mcpvigil-doctor","version":"1"}}})"
    "\n",
    R"({"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"seen?"}]}})"
    "\n"};

void read_line(int fd) {
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') {
  }
}

void write_all(int fd, std::string_view text) {
  if (::write(fd, text.data(), text.size()) < 0) _exit(1);
}

// Forks one end. It waits for `go` to close, so that both ends exist before a byte moves.
template <typename Body>
pid_t peer(int go_read, int go_write, Body body) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  ::close(go_write);
  char c = 0;
  if (::read(go_read, &c, 1) < 0) _exit(1);
  body();
  _exit(0);
}

class Calls : public session::RecordListener {
 public:
  explicit Calls(std::vector<pid_t> clients) : clients_(std::move(clients)), seen_(clients_.size(), false) {}
  void on_record(const session::Record& r) override {
    const auto* c = std::get_if<session::CallRecord>(&r);
    if (c == nullptr || c->message.tool != "self-test") return;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (c->message.client.process.pid == static_cast<std::uint32_t>(clients_[i])) seen_[i] = true;
    }
  }
  [[nodiscard]] bool seen(std::size_t i) const { return seen_[i]; }

 private:
  std::vector<pid_t> clients_;
  std::vector<bool> seen_;
};

}  // namespace

base::Result<SelfTest> run_self_test(probe::KernelSource& source) {
  int go[2];
  int there[2];
  int back[2];
  int pair[2];
  if (pipe(go) != 0 || pipe(there) != 0 || pipe(back) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
    return base::errno_error("self-test: make pipes", errno);
  std::vector<pid_t> pids;
  const auto client = [&](int out, int in) {
    for (const std::string_view request : kRequests) {
      write_all(out, request);
      read_line(in);
    }
  };
  const auto server = [&](int in, int out) {
    for (const std::string_view answer : kAnswers) {
      read_line(in);
      write_all(out, answer);
    }
  };
  pids.push_back(peer(go[0], go[1], [&] { client(there[1], back[0]); }));
  pids.push_back(peer(go[0], go[1], [&] { client(pair[0], pair[0]); }));
  const std::vector<pid_t> clients = pids;
  pids.push_back(peer(go[0], go[1], [&] { server(there[0], back[1]); }));
  pids.push_back(peer(go[0], go[1], [&] { server(pair[1], pair[1]); }));
  for (const int fd : {there[0], there[1], back[0], back[1], pair[0], pair[1], go[0]}) ::close(fd);

  Calls calls(clients);
  SelfTest result;
  base::Status failed;
  {
    pipeline::Pipeline pipeline(pipeline::PipelineLimits{}, calls, &source, nullptr);
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    };
    ::close(go[1]);  // off they go
    while (elapsed() < 5000 && !(calls.seen(0) && calls.seen(1))) {
      const auto batch = source.next();
      if (!batch) {
        failed = batch.error();
        break;
      }
      for (const event::Event& e : batch->events) pipeline.on_event(e);
      if (result.first_ms == 0 && (calls.seen(0) || calls.seen(1))) result.first_ms = elapsed();
    }
  }
  for (const pid_t pid : pids) {
    if (pid <= 0) continue;
    if (waitpid(pid, nullptr, WNOHANG) == 0) {
      ::kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
  TRY(failed);
  result.pipe_seen = calls.seen(0);
  result.socketpair_seen = calls.seen(1);
  return result;
}

}  // namespace mcpvigil::app
