// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "app/commands/commands.h"
#include "app/output.h"
#include "app/say.h"
#include "app/stop_signal.h"
#include "app/summary.h"
#include "session/inventory.h"
#include "source/capture_reader.h"

namespace mcpvigil::app {

int replay(const Options& o) {
  auto reader = source::CaptureReader::open(o.file);
  if (!reader) {
    say(stderr, "mcpvigil: {}\n", reader.error().message);
    return reader.error().code == base::ErrorCode::kFormat ? kExitFinding : kExitEnvironment;
  }
  source::CaptureReader& capture = **reader;
  std::unique_ptr<session::Inventory> inventory;
  if (!o.state.empty()) {
    auto opened = session::Inventory::open(o.state);
    if (!opened) {
      say(stderr, "mcpvigil: {}\n", opened.error().message);
      return kExitEnvironment;
    }
    inventory = std::move(*opened);
  }
  catch_stop_signals();
  Output out(o, capture.info().host_name);
  pipeline::Pipeline pipeline(o.limits(), out, nullptr, inventory.get());
  base::Timestamp started{};
  bool to_the_end = false;
  int code = kExitOk;
  while (!stop_requested()) {
    const auto batch = capture.next();
    if (!batch) {
      say(stderr, "mcpvigil: {}\n", batch.error().message);
      code = kExitFinding;
      break;
    }
    for (const event::Event& e : batch->events) pipeline.on_event(e);
    to_the_end = batch->state == source::SourceState::kEnd;
    if (!out.flush() || to_the_end) break;
    if (started.ns == 0) started = pipeline.now();
    if (o.duration > 0 && pipeline.now().ns > started.ns + static_cast<std::uint64_t>(o.duration * 1e9)) break;
  }
  pipeline.finish();
  out.flush();
  if (inventory) {
    if (const auto flushed = inventory->flush(); !flushed) {
      say(stderr, "mcpvigil: inventory not written: {}\n", flushed.error().message);
      code = kExitEnvironment;
    }
  }
  if (const auto damage = capture.damage()) {
    say(stderr, "mcpvigil: {}\n", damage->message);
    code = kExitFinding;
  } else if (to_the_end && !capture.complete()) {
    say(stderr, "mcpvigil: {}: the recording was not finished; this is what it holds\n", o.file);
  }
  if (!o.json) {
    const pipeline::PipelineStats s = pipeline.stats();
    say(stderr, "{}\n{}", one_line(s), ledger_text(s));
  }
  return code;
}

}  // namespace mcpvigil::app
