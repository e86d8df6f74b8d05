// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands/commands.h"
#include "app/say.h"
#include "app/summary.h"
#include "event/dump.h"
#include "source/capture_reader.h"

namespace mcpvigil::app {

namespace {

constexpr const char* kKinds[] = {"flow_open",     "flow_data",    "flow_actor",   "flow_skipped", "flow_holder",
                                  "flow_eof",      "flow_close",   "process_exec", "process_fork", "process_exit",
                                  "process_facts", "process_note", "lost",         "tick"};
static_assert(std::size(kKinds) == std::variant_size_v<event::Event>);

}  // namespace

int inspect(const Options& o) {
  auto reader = source::CaptureReader::open(o.file);
  if (!reader) {
    say(stderr, "mcpvigil: {}\n", reader.error().message);
    return reader.error().code == base::ErrorCode::kFormat ? kExitFinding : kExitEnvironment;
  }
  source::CaptureReader& capture = **reader;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t payload = 0;
  std::uint64_t total = 0;
  base::Timestamp first{};
  base::Timestamp last{};
  for (;;) {
    const auto batch = capture.next();
    if (!batch) {
      say(stderr, "mcpvigil: {}\n", batch.error().message);
      return kExitFinding;
    }
    for (const event::Event& e : batch->events) {
      if (o.events && !say(stdout, "{}\n", event::dump(e))) return kExitOk;  // `| head` has seen enough
      ++counts[kKinds[e.index()]];
      ++total;
      const base::Timestamp ts = event::time_of(e);
      if (first.ns == 0) first = ts;
      if (ts > last) last = ts;
      if (const auto* d = std::get_if<event::FlowData>(&e)) payload += d->payload.size();
    }
    if (batch->state == source::SourceState::kEnd) break;
  }
  const source::CaptureInfo& h = capture.info();
  const char* const machine = h.machine == 62 ? "x86_64" : h.machine == 183 ? "aarch64" : "other";
  const auto damage = capture.damage();
  if (o.json) {
    nlohmann::ordered_json j = {{"v", 1},
                                {"host", h.host_name},
                                {"kernel", h.kernel_release},
                                {"architecture", machine},
                                {"tool", h.tool_version},
                                {"complete", capture.complete()},
                                {"events", total},
                                {"payload_bytes", payload},
                                {"seconds", static_cast<double>(last.ns - first.ns) / 1e9}};
    j["damage"] = damage ? nlohmann::ordered_json(damage->message) : nlohmann::ordered_json();
    for (const auto& [k, n] : counts) j["kinds"][k] = n;
    say(stdout, "{}\n", j.dump());
  } else if (!o.events) {
    say(stdout, "host        {} ({}, {})\nrecorded by mcpvigil {}\n", h.host_name, h.kernel_release, machine,
        h.tool_version);
    say(stdout, "complete    {}\n",
        damage               ? "no: " + damage->message
        : capture.complete() ? "yes"
                             : "no: the recorder did not finish");
    say(stdout, "time        {:.3f} s\nevents      {}, payload {}\n", static_cast<double>(last.ns - first.ns) / 1e9,
        total, human_bytes(payload));
    for (const auto& [k, n] : counts) say(stdout, "  {:<14} {}\n", k, n);
  }
  return damage ? kExitFinding : kExitOk;
}

}  // namespace mcpvigil::app
