// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands/commands.h"
#include "app/say.h"
#include "app/self_test.h"
#include "probe/kernel_source.h"

namespace mcpvigil::app {

namespace {

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// The mount point of the v2 hierarchy; hybrid hosts have it beside v1.
std::string cgroup2_mount() {
  std::ifstream in("/proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t dash = line.find(" - cgroup2 ");
    if (dash == std::string::npos) continue;
    std::size_t at = 0;
    for (int field = 0; field < 4; ++field) at = line.find(' ', at) + 1;
    return line.substr(at, line.find(' ', at) - at);
  }
  return "not mounted";
}

}  // namespace

int doctor(const Options& o) {
  auto opened = probe::KernelSource::open({});
  if (!opened) {
    say(stderr, "mcpvigil: {}\n", opened.error().message);
    return kExitEnvironment;
  }
  probe::KernelSource& source = **opened;
  const auto test = run_self_test(source);
  if (!test) {
    say(stderr, "mcpvigil: {}\n", test.error().message);
    return kExitEnvironment;
  }
  utsname name{};
  uname(&name);
  const std::string lockdown = first_line("/sys/kernel/security/lockdown");
  const probe::Capabilities capabilities = source.capabilities();
  const probe::KernelCounters k = source.counters();
  const bool ok = test->pipe_seen && test->socketpair_seen;

  if (o.json) {
    nlohmann::json j;
    j["v"] = 1;
    j["kernel"] = name.release;
    j["architecture"] = name.machine;
    j["lockdown"] = lockdown.empty() ? nlohmann::json() : nlohmann::json(lockdown);
    j["cgroup2"] = cgroup2_mount();
    for (const auto& c : capabilities)
      j["capabilities"].push_back({{"name", c.name}, {"ok", c.ok}, {"how", c.how}, {"cost", c.cost}});
    j["self_test"] = {{"pipe", test->pipe_seen}, {"socketpair", test->socketpair_seen}, {"first_ms", test->first_ms}};
    j["counters"] = {{"seen", k.seen},
                     {"copied", k.copied},
                     {"counted", k.counted},
                     {"ignored", k.ignored},
                     {"lost_ring", k.lost_ring},
                     {"lost_user", k.lost_user},
                     {"lost_large", k.lost_large},
                     {"control_lost", k.control_lost},
                     {"streams", k.flows},
                     {"stream_failures", k.flow_failures},
                     {"compat32", k.compat32},
                     {"blind", k.blind}};
    say(stdout, "{}\n", j.dump());
    return ok ? kExitOk : kExitFinding;
  }
  say(stdout, "kernel      {} {}\n", name.release, name.machine);
  say(stdout, "lockdown    {}\n", lockdown.empty() ? "not known (securityfs not mounted)" : lockdown);
  say(stdout, "cgroup v2   {}\n\n", cgroup2_mount());
  for (const auto& c : capabilities) {
    say(stdout, "{} {:<22} {}\n", c.ok ? "ok     " : "MISSING", c.name, c.how);
    if (!c.ok) say(stdout, "        {:<22} cost: {}\n", "", c.cost);
  }
  say(stdout, "\nself-test: a tools/call over pipes {}, over a socketpair {}", test->pipe_seen ? "seen" : "NOT SEEN",
      test->socketpair_seen ? "seen" : "NOT SEEN");
  if (ok) say(stdout, " (first after {:.1f} ms)", test->first_ms);
  say(stdout,
      "\nso far: {} streams, {} bytes seen, lost {} (ring full) {} (memory not readable) {} (call too large); {} "
      "32-bit calls not captured\n",
      k.flows, k.seen, k.lost_ring, k.lost_user, k.lost_large, k.compat32);
  say(stdout,
      "\nnot covered: TLS other than OpenSSL (Go, Java, rustls, stripped BoringSSL), HTTP/2, io_uring and splice "
      "readers (the writer's copy is used)\n");
  return ok ? kExitOk : kExitFinding;
}

}  // namespace mcpvigil::app
