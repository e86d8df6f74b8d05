// SPDX-License-Identifier: Apache-2.0
// Workloads for the host-cost and live benchmarks. Prints one number: nanoseconds a call, or messages a second.
//
//   bench_calls getppid N | fileread N | pipe N              CPU ns a call (pipe: a 64-byte write and read, not MCP)
//   bench_calls mcp-stream MESSAGES BYTES RATE               one-way MCP requests over a pipe, RATE messages/s (0: as fast as it goes)
//   bench_calls empty-hook WORKLOAD ...                      the same with an empty program on sys_exit (the baseline)
//   bench_calls mcp-pingpong N BYTES                         ns a call and its answer, two processes and two pipes
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

double clock_of(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}
double now() { return clock_of(CLOCK_MONOTONIC); }
double cpu() { return clock_of(CLOCK_PROCESS_CPUTIME_ID); }

void put(int fd, const std::string& s) {
  for (std::size_t at = 0; at < s.size();) {
    const ssize_t n = write(fd, s.data() + at, s.size() - at);
    if (n <= 0) std::exit(1);
    at += static_cast<std::size_t>(n);
  }
}

std::size_t take(int fd, std::size_t want) {
  static char buf[1 << 20];
  std::size_t have = 0;
  while (have < want) {
    const ssize_t n = read(fd, buf, std::min(sizeof buf, want - have));
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  return have;
}

const std::string kInit =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}})"
    "\n";

std::string request(unsigned long id, std::size_t size) {
  char head[128];
  const int n =
      std::snprintf(head, sizeof head,
                    R"({"jsonrpc":"2.0","id":%09lu,"method":"tools/call","params":{"name":"bench","arguments":{"m":")",
                    100000000 + id);
  std::string s(head, static_cast<std::size_t>(n));
  if (s.size() + 5 < size) s.append(size - s.size() - 5, 'x');
  return s + "\"}}}\n";
}

std::string answer(unsigned long id, std::size_t size) {
  char head[128];
  const int n = std::snprintf(
      head, sizeof head, R"({"jsonrpc":"2.0","id":%09lu,"result":{"content":[{"type":"text","text":")", 100000000 + id);
  std::string s(head, static_cast<std::size_t>(n));
  if (s.size() + 6 < size) s.append(size - s.size() - 6, 'y');
  return s + "\"}]}}\n";
}

// "r0 = 0; exit" on the raw tracepoint sys_exit; stays attached while this process lives.
bool attach_empty_hook() {
  bpf_insn code[2] = {};
  code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  code[1].code = BPF_JMP | BPF_EXIT;
  static const char license[] = "GPL";
  static const char name[] = "sys_exit";
  bpf_attr a{};
  a.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  a.insns = reinterpret_cast<__u64>(code);
  a.insn_cnt = 2;
  a.license = reinterpret_cast<__u64>(license);
  const long prog = syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a);
  if (prog < 0) return false;
  a = {};
  a.raw_tracepoint.name = reinterpret_cast<__u64>(name);
  a.raw_tracepoint.prog_fd = static_cast<__u32>(prog);
  return syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &a, sizeof a) >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "empty-hook") {
    if (!attach_empty_hook()) {
      std::perror("attach an empty program to sys_exit");
      return 3;
    }
    --argc;
    ++argv;
  }
  if (argc < 3) return 2;
  const std::string what = argv[1];
  const unsigned long n = std::strtoul(argv[2], nullptr, 10);
  char buf[4096] = {};
  if (what == "getppid") {
    const double start = cpu();
    for (unsigned long i = 0; i < n; ++i) syscall(SYS_getppid);
    std::printf("%.1f\n", (cpu() - start) / static_cast<double>(n));
  } else if (what == "fileread") {
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const double start = cpu();
    for (unsigned long i = 0; i < n; ++i) {
      if (pread(fd, buf, 64, 0) < 0) return 1;
    }
    std::printf("%.1f\n", (cpu() - start) / static_cast<double>(n));
  } else if (what == "pipe") {
    int p[2];
    if (pipe(p) != 0) return 1;
    std::memset(buf, '.', sizeof buf);
    for (int i = 0; i < 4000; ++i) {  // past the looks
      if (write(p[1], buf, 64) < 0 || read(p[0], buf, 64) < 0) return 1;
    }
    usleep(500000);
    const double start = cpu();
    for (unsigned long i = 0; i < n; ++i) {
      if (write(p[1], buf, 64) < 0 || read(p[0], buf, 64) < 0) return 1;
    }
    std::printf("%.1f\n", (cpu() - start) / static_cast<double>(n) / 2);
  } else if (what == "mcp-stream" && argc >= 5) {
    const std::size_t size = std::strtoul(argv[3], nullptr, 10);
    const double rate = std::strtod(argv[4], nullptr);
    int p[2];
    if (pipe(p) != 0) return 1;
    const std::size_t total = kInit.size() + n * request(0, size).size();
    const pid_t child = fork();
    if (child == 0) {
      close(p[1]);
      _exit(take(p[0], total) == total ? 0 : 1);
    }
    close(p[0]);
    put(p[1], kInit);
    usleep(200000);
    const double start = now();
    for (unsigned long i = 0; i < n; ++i) {
      put(p[1], request(i, size));
      if (rate > 0) {
        const double due = start + static_cast<double>(i) / rate * 1e9;
        const double ahead = due - now();
        if (ahead > 100000) usleep(static_cast<unsigned>(ahead / 1000));
      }
    }
    close(p[1]);
    int status = 1;
    waitpid(child, &status, 0);
    if (status != 0) return 1;
    std::printf("%.0f\n", static_cast<double>(n) / ((now() - start) / 1e9));
  } else if (what == "mcp-pingpong" && argc >= 4) {
    const std::size_t size = std::strtoul(argv[3], nullptr, 10);
    int there[2];
    int back[2];
    if (pipe(there) != 0 || pipe(back) != 0) return 1;
    const std::size_t ask = request(0, size).size();
    const pid_t child = fork();
    if (child == 0) {
      take(there[0], kInit.size());
      for (unsigned long i = 0; i < n; ++i) {
        if (take(there[0], ask) != ask) _exit(1);
        put(back[1], answer(i, size));
      }
      _exit(0);
    }
    put(there[1], kInit);
    usleep(200000);
    const double start = now();
    for (unsigned long i = 0; i < n; ++i) {
      put(there[1], request(i, size));
      const std::size_t want = answer(i, size).size();
      if (take(back[0], want) != want) return 1;
    }
    std::printf("%.1f\n", (now() - start) / static_cast<double>(n));
    waitpid(child, nullptr, 0);
  } else {
    return 2;
  }
  return 0;
}
