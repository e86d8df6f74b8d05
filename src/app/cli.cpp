// SPDX-License-Identifier: Apache-2.0
#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "app/commands/commands.h"
#include "mcpvigil/version.h"

namespace mcpvigil::app {

pipeline::PipelineLimits Options::limits() const {
  pipeline::PipelineLimits l;
  l.max_message = static_cast<std::uint64_t>(max_message_mib) << 20;
  l.max_pending = static_cast<std::uint64_t>(max_pending_kib) << 10;
  l.max_total = static_cast<std::uint64_t>(max_memory_mib) << 20;
  return l;
}

int version(const Options&) {
  std::printf("mcpvigil %s (%s)\n", MCPVIGIL_VERSION, MCPVIGIL_GIT_REVISION);
  return kExitOk;
}

namespace {

void output_options(CLI::App* c, Options& o) {
  c->add_flag("--json", o.json, "one JSON object a line (docs/reference/event-schema.md)");
  c->add_option("--color", o.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

void stream_options(CLI::App* c, Options& o) {
  output_options(c, o);
  c->add_option("--duration", o.duration, "stop after this many seconds")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  static const std::map<std::string, Payload> payloads = {
      {"none", Payload::kNone}, {"redacted", Payload::kRedacted}, {"full", Payload::kFull}};
  c->add_option("--payload", o.payload, "message texts in JSON lines: none, redacted or full (default none)")
      ->transform(CLI::CheckedTransformer(payloads))
      ->type_name("MODE");
  c->add_option("--server", o.filters.servers, "only this server: id, name or executable (globs)")->type_name("GLOB");
  c->add_option("--tool", o.filters.tools, "only this tool (globs)")->type_name("GLOB");
  c->add_option("--pid", o.filters.pids, "only messages from or to this process")->type_name("PID");
  c->add_option("--user", o.filters.users, "only clients or servers of this user")->type_name("NAME");
  c->add_option("--type", o.filters.types,
                "only records of this type: message call finding inventory process loss health")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"message", "call", "finding", "inventory", "process", "loss", "health"}));
}

void limit_options(CLI::App* c, Options& o) {
  const auto mib = CLI::Range(1, 65536);
  c->add_option("--max-message", o.max_message_mib, "largest message kept, MiB")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  c->add_option("--max-pending", o.max_pending_kib, "bytes kept of a stream not decided yet, KiB")
      ->check(CLI::Range(4, 65536))
      ->capture_default_str();
  c->add_option("--max-memory", o.max_memory_mib, "all buffered stream bytes together, MiB")
      ->check(mib)
      ->capture_default_str();
}

void live_options(CLI::App* c, Options& o) {
  limit_options(c, o);
  c->add_option("--state", o.state, "inventory file (default /var/lib/mcpvigil/inventory.db; :memory: for none)")
      ->type_name("FILE");
  c->add_flag("!--no-tls", o.tls, "do not hook TLS libraries");
  c->add_flag("!--no-snapshot", o.snapshot, "do not look at streams that are already open");
  c->add_option("--ring", o.ring_mib, "ring buffer, MiB (a power of two)")
      ->check(CLI::IsMember({1, 2, 4, 8, 16, 32, 64, 128}))
      ->capture_default_str();
  c->add_option("--queue", o.queue_mib, "records waiting to be parsed, MiB")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
}

}  // namespace

int main_of(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Options o;
  int (*verb)(const Options&) = nullptr;
  CLI::App app{
      "See the MCP traffic of every process on this host.\n\n"
      "Exit codes: 0 ok, 1 finding or bad data, 2 usage, 3 environment (not root, kernel without BTF, ...)."};
  app.name("mcpvigil");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("mcpvigil ") + MCPVIGIL_VERSION + " (" + MCPVIGIL_GIT_REVISION + ")");
  app.footer(
      "Examples:\n"
      "  sudo mcpvigil run                          watch live\n"
      "  sudo mcpvigil run --json --type call       finished calls as JSON lines\n"
      "  sudo mcpvigil record /tmp/a.mcpcap --duration 60\n"
      "  mcpvigil replay /tmp/a.mcpcap --tool 'echo*'\n"
      "  sudo mcpvigil doctor                       what this kernel allows, with a real call\n"
      "mcpvigil VERB --help has more.");

  CLI::App* c = app.add_subcommand("run", "capture and show live (needs root)");
  stream_options(c, o);
  live_options(c, o);
  c->add_option("--record", o.record, "also write a recording")->type_name("FILE");
  c->footer(
      "Examples:\n  sudo mcpvigil run\n  sudo mcpvigil run --json --payload redacted --duration 30\n  sudo mcpvigil "
      "run --server '*filesystem*' --type call");
  c->callback([&] { verb = run; });

  c = app.add_subcommand("record", "capture into a file for replay (needs root)");
  c->add_option("file", o.file, "recording to write")->required()->type_name("FILE");
  c->add_option("--duration", o.duration, "stop after this many seconds")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  live_options(c, o);
  c->footer(
      "A recording holds the bytes of every stream that was looked at, unredacted; it is created readable by its owner "
      "only.\n"
      "Example:\n  sudo mcpvigil record /tmp/a.mcpcap --duration 60");
  c->callback([&] { verb = record; });

  c = app.add_subcommand("replay", "show a recording as run would have shown it");
  c->add_option("file", o.file, "recording")->required()->type_name("FILE");
  stream_options(c, o);
  limit_options(c, o);
  c->add_option("--state", o.state, "inventory file to fill (default: none)")->type_name("FILE");
  c->footer("Examples:\n  mcpvigil replay a.mcpcap\n  mcpvigil replay a.mcpcap --json --payload full | jq .");
  c->callback([&] { verb = replay; });

  c = app.add_subcommand("inspect", "what a recording holds");
  c->add_option("file", o.file, "recording")->required()->type_name("FILE");
  c->add_flag("--events", o.events, "every event, a line each");
  output_options(c, o);
  c->footer("Examples:\n  mcpvigil inspect a.mcpcap\n  mcpvigil inspect a.mcpcap --events | head");
  c->callback([&] { verb = inspect; });

  c = app.add_subcommand("inventory", "servers, tools, agents, users and sessions ever seen");
  c->add_option("table", o.table, "servers, tools, agents, users or sessions")
      ->check(CLI::IsMember({"servers", "tools", "agents", "users", "sessions"}))
      ->capture_default_str();
  c->add_option("--state", o.state, "inventory file (default /var/lib/mcpvigil/inventory.db)")->type_name("FILE");
  output_options(c, o);
  c->footer("Examples:\n  sudo mcpvigil inventory\n  sudo mcpvigil inventory tools --json");
  c->callback([&] { verb = inventory; });

  c = app.add_subcommand("doctor",
                         "what this kernel allows, what is covered, and a self-test with a real call (needs root)");
  output_options(c, o);
  c->footer("Example:\n  sudo mcpvigil doctor");
  c->callback([&] { verb = doctor; });

  c = app.add_subcommand("version", "version and source revision");
  c->callback([&] { verb = version; });

  app.failure_message([&](const CLI::App*, const CLI::Error& e) {
    std::string what = e.what();
    // CLI11 misses a verb before it looks at the word that is none.
    if (verb == nullptr && argc > 1 && argv[1][0] != '-' && e.get_name() == "RequiredError" &&
        app.get_subcommands().empty()) {
      what = "there is no verb \"" + std::string(argv[1]) + "\"";
    }
    return "mcpvigil: " + what + " (\"mcpvigil --help\" and \"mcpvigil VERB --help\" say more)\n";
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kExitOk : kExitUsage;
  }
  return verb(o);
}

}  // namespace mcpvigil::app
