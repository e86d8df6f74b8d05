// SPDX-License-Identifier: Apache-2.0
#include "app/live.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "app/output.h"
#include "app/say.h"
#include "app/stop_signal.h"
#include "app/summary.h"
#include "mcpvigil/version.h"
#include "probe/kernel_source.h"
#include "session/inventory.h"
#include "source/capture_writer.h"
#include "source/recording_source.h"

namespace mcpvigil::app {

namespace {

constexpr const char* kStateDir = "/var/lib/mcpvigil";

int fail(const base::Error& e) {
  say(stderr, "mcpvigil: {}\n", e.message);
  return e.code == base::ErrorCode::kInvalid ? kExitUsage : kExitEnvironment;
}

base::Result<std::unique_ptr<session::Inventory>> open_inventory(const std::string& wanted) {
  if (!wanted.empty()) return session::Inventory::open(wanted);
  ::mkdir(kStateDir, 0700);
  return session::Inventory::open(std::string(kStateDir) + "/inventory.db");
}

std::vector<std::pair<std::string, std::string>> describe(const probe::Capabilities& list) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const probe::Capability& c : list) out.emplace_back(c.name, c.ok ? "yes" : c.how);
  return out;
}

void say_degraded(const probe::Capabilities& list) {
  for (const probe::Capability& c : list) {
    if (!c.ok) say(stderr, "mcpvigil: without {} ({}): {}\n", c.name, c.how, c.cost);
  }
}

session::HealthRecord health(std::string_view status, const pipeline::Pipeline& p) {
  const pipeline::PipelineStats s = p.stats();
  session::HealthRecord h;
  h.ts = p.now();
  h.status = status;
  h.ledger = s.ledger;
  h.messages = s.session.messages;
  h.calls = s.session.calls;
  h.sessions = s.session.sessions_opened;
  h.streams = s.channels;
  return h;
}

}  // namespace

int run_live(const Options& o, bool show) {
  // Blocks and message buffers come and go in sizes that would fragment the heap for good: give them pages of their
  // own, so that a burst leaves nothing behind.
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
  mallopt(M_ARENA_MAX, 2);
  auto inventory = open_inventory(o.state);
  if (!inventory && geteuid() == 0) return fail(inventory.error());
  probe::LiveOptions live;
  live.ring_bytes = o.ring_mib << 20;
  live.queue_bytes = o.queue_mib << 20;
  live.tls = o.tls;
  live.snapshot = o.snapshot;
  live.drop_privileges = true;
  // Before privileges are dropped: the folder may be one that only root's override may write.
  std::optional<source::CaptureWriter> writer;
  if (!o.record.empty() && geteuid() == 0) {
    auto created = source::CaptureWriter::create(o.record, {});
    if (!created) return fail(created.error());
    writer.emplace(std::move(*created));
  }
  auto source = probe::KernelSource::open(live);
  if (!source) return fail(source.error());
  probe::KernelSource& kernel = **source;  // owned by `events` below

  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  Options quiet = o;
  if (!show) quiet.filters.types = {"none"};
  Output out(quiet, host);
  std::unique_ptr<source::EventSource> events = std::move(*source);
  source::RecordingSource* recording = nullptr;
  if (writer) {
    auto tee = std::make_unique<source::RecordingSource>(std::move(events), std::move(*writer));
    recording = tee.get();
    events = std::move(tee);
  }
  pipeline::Pipeline pipeline(o.limits(), out, &kernel, inventory ? inventory->get() : nullptr);
  say_degraded(kernel.capabilities());
  malloc_trim(0);  // what loading took
  catch_stop_signals();
  if (show && !o.json) say(stderr, "mcpvigil {}: watching every process on this host; Ctrl-C ends\n", MCPVIGIL_VERSION);
  if (o.json) {
    session::HealthRecord ready = health("ready", pipeline);
    ready.capabilities = describe(kernel.capabilities());
    out.on_record(ready);
    out.flush();
  }

  base::Timestamp started{};
  base::Timestamp shown{};
  bool stopping = false;
  int code = kExitOk;
  for (;;) {
    const auto batch = events->next();
    if (!batch) {
      say(stderr, "mcpvigil: {}\n", batch.error().message);
      code = kExitEnvironment;
      if (stopping) break;
      kernel.stop();
      stopping = true;
      continue;
    }
    for (const event::Event& e : batch->events) pipeline.on_event(e);
    if (batch->state == source::SourceState::kEnd) break;
    const base::Timestamp now = pipeline.now();
    if (started.ns == 0) started = now;
    if ((out.terminal() || !show) && now.ns > shown.ns + 500'000'000) {
      shown = now;
      const std::string text = one_line(pipeline.stats());
      if (show) {
        out.status(text);
      } else if (isatty(STDERR_FILENO) != 0) {
        say(stderr, "\r\033[Krecording: {}", text);
      }
    }
    const bool gone = !out.flush();
    const bool over = o.duration > 0 && now.ns > started.ns + static_cast<std::uint64_t>(o.duration * 1e9);
    if (!stopping && (stop_requested() || gone || over)) {
      stopping = true;
      kernel.stop();
    }
  }
  pipeline.finish();
  out.status("");
  if (o.json && show) out.on_record(health("ended", pipeline));
  out.flush();
  if (recording != nullptr) {
    auto done = recording->finish();
    if (done && recording->failure()) done = *recording->failure();
    if (!done) {
      say(stderr, "mcpvigil: recording not complete: {}\n", done.error().message);
      code = kExitEnvironment;
    }
  }
  if (inventory) {
    if (const auto flushed = (*inventory)->flush(); !flushed) {
      say(stderr, "mcpvigil: inventory not written: {}\n", flushed.error().message);
      code = kExitEnvironment;
    }
  }
  const pipeline::PipelineStats s = pipeline.stats();
  if (!show && isatty(STDERR_FILENO) != 0) say(stderr, "\r\033[K");
  if (!o.json || !show) say(stderr, "{}\n{}", one_line(s), ledger_text(s));
  if (out.not_covered() != 0) {
    say(stderr, "{} processes use TLS or calls that are not covered; run --type process names them\n",
        out.not_covered());
  }
  return code;
}

}  // namespace mcpvigil::app
