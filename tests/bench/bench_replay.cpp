// SPDX-License-Identifier: Apache-2.0
// Replay on one core: a recording in memory -> reader -> pipeline -> JSON lines thrown away.
//
//   bench_replay [MESSAGE_BYTES] [MESSAGES]      prints messages/s and MB/s, process CPU time
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "pipeline/pipeline.h"
#include "session/render.h"
#include "source/capture_reader.h"
#include "source/capture_writer.h"

using namespace mcpvigil;

namespace {

struct Sink : session::RecordListener {
  session::JsonRenderer renderer{{"bench", session::PayloadMode::kNone}};
  std::string line;
  std::uint64_t lines = 0, bytes = 0;
  void on_record(const session::Record& r) override {
    line.clear();
    renderer.append(r, ++lines, line);
    bytes += line.size();
  }
};

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// Requests one way, answers the other, of about `size` bytes each.
void write_recording(const std::string& path, std::size_t size, std::size_t messages) {
  auto writer = source::CaptureWriter::create(path, {});
  if (!writer) std::exit(1);
  std::uint64_t ns = 1'700'000'000'000'000'000;
  const auto put = [&](const event::Event& e) {
    if (!writer->write(e)) std::exit(1);
  };
  const base::ProcessKey client{100, 1};
  const base::ProcessKey server{200, 2};
  for (const auto& [who, exe] : {std::pair{client, "/usr/bin/node"}, std::pair{server, "/usr/bin/python3"}}) {
    event::ProcessFacts f;
    f.ts = {ns};
    f.process = who;
    f.exe = exe;
    f.argv = {exe, "main"};
    f.user = "ana";
    f.cgroup = "/user.slice";
    put(f);
  }
  const base::FlowId flows[2] = {base::FlowId{1}, base::FlowId{2}};
  for (const base::FlowId id : flows) {
    event::FlowOpen o;
    o.ts = {ns};
    o.flow = id;
    o.kind = event::FlowKind::kPipe;
    o.inode = static_cast<std::uint64_t>(id);
    put(o);
    put(event::FlowActor{{ns}, id, event::Way::kWrite, id == flows[0] ? client : server, 0});
  }
  std::uint64_t pos[2] = {0, 0};
  const auto send = [&](int way, const std::string& text) {
    event::FlowData d;
    d.ts = {ns += 1000};
    d.flow = flows[way];
    d.way = event::Way::kRead;
    d.actor = way == 0 ? server : client;
    d.tid = d.actor.pid;
    for (std::size_t at = 0; at < text.size(); at += 65536) {  // as a pipe gives them
      const std::size_t n = std::min<std::size_t>(65536, text.size() - at);
      d.pos = pos[way];
      d.len = n;
      d.payload = std::string_view(text).substr(at, n);
      put(d);
      pos[way] += n;
    }
  };
  send(
      0,
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}})"
      "\n");
  send(
      1,
      R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"bench","version":"1"}}})"
      "\n");
  const std::string filler(size > 120 ? size - 120 : 1, 'x');
  for (std::size_t i = 1; i <= messages / 2; ++i) {
    const std::string id = std::to_string(i);
    send(0, R"({"jsonrpc":"2.0","id":)" + id +
                R"(,"method":"tools/call","params":{"name":"echo","arguments":{"message":")" + filler + "\"}}}\n");
    send(1,
         R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"content":[{"type":"text","text":")" + filler + "\"}]}}\n");
  }
  if (!writer->finish()) std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t size = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1024;
  const std::size_t messages = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 400000;
  const std::string path = "/tmp/mcpvigil-bench-" + std::to_string(getpid()) + ".mcpcap";
  write_recording(path, size, messages);
  struct stat st{};
  stat(path.c_str(), &st);
  const double start = cpu_seconds();
  Sink sink;
  std::uint64_t seen = 0;
  {
    auto reader = source::CaptureReader::open(path);
    if (!reader) return 1;
    pipeline::Pipeline pipeline({}, sink, nullptr, nullptr);
    for (;;) {
      const auto batch = (*reader)->next();
      if (!batch) return 1;
      for (const event::Event& e : batch->events) pipeline.on_event(e);
      if (batch->state == source::SourceState::kEnd) break;
    }
    pipeline.finish();
    const auto stats = pipeline.stats();
    seen = stats.session.messages;
    if (stats.ledger.pending() != 0 || stats.ledger.lost_total() != 0)
      std::fprintf(stderr, "ledger does not reconcile\n");
  }
  const double took = cpu_seconds() - start;
  unlink(path.c_str());
  std::printf("replay size=%zu messages=%lu cpu=%.3fs  %.0f messages/s  %.0f MB/s  (lines out: %.0f MB)\n", size, seen,
              took, static_cast<double>(seen) / took, static_cast<double>(st.st_size) / took / 1e6,
              static_cast<double>(sink.bytes) / 1e6);
  return seen >= messages ? 0 : 1;
}
