// SPDX-License-Identifier: Apache-2.0
// golden_runner CASE: input.scn through the whole pipeline, compared byte by byte with expected/.
// golden_runner --bless CASE: writes expected/ anew (scripts/bless_golden.sh shows what changed).
//
// Every case also proves: two runs say the same; a recording of the events replays to the same bytes; after every event
// each stream's ledger says exactly what the stages hold, and at the end nothing is pending.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "pipeline/pipeline.h"
#include "session/render.h"
#include "source/capture_reader.h"
#include "source/capture_writer.h"
#include "source/scenario_source.h"

namespace {

using namespace mcpvigil;
namespace fs = std::filesystem;

struct Lines : session::RecordListener {
  session::JsonRenderer renderer{{.host = "golden", .payload = session::PayloadMode::kFull}};
  std::string text;
  std::uint64_t seq = 0;
  void on_record(const session::Record& r) override { renderer.append(r, ++seq, text); }
};

struct Told {
  std::string records, ledger;
  std::string broken;  // the ledger's law, where it did not hold
  bool operator==(const Told& o) const { return records == o.records && ledger == o.ledger; }
};

std::string ledger_text(const pipeline::PipelineStats& s) {
  std::string out;
  const auto line = [&](std::string_view what, std::uint64_t n) {
    out += std::string(what) + ' ' + std::to_string(n) + '\n';
  };
  const auto when_any = [&](std::string_view what, std::uint64_t n) {
    if (n != 0) line(what, n);
  };
  line("seen", s.ledger.seen);
  line("parsed", s.ledger.parsed);
  for (std::size_t i = 0; i < s.ledger.skipped.size(); ++i) {
    when_any("skipped " + std::string(base::name(static_cast<base::SkipReason>(i))), s.ledger.skipped[i]);
  }
  for (std::size_t i = 0; i < s.ledger.lost.size(); ++i) {
    when_any("lost " + std::string(base::name(static_cast<base::LossReason>(i))), s.ledger.lost[i]);
  }
  line("channels", s.channels);
  line("channels mcp", s.mcp_channels);
  line("channels other", s.other_channels);
  line("messages", s.session.messages);
  line("calls", s.session.calls);
  line("sessions", s.session.sessions_opened);
  when_any("findings", s.session.findings);
  when_any("unmatched answers", s.session.unmatched_answers);
  when_any("relay copies", s.session.relay_copies);
  when_any("implicit flows", s.stream.flows_implicit);
  when_any("late bytes", s.stream.late_bytes);
  when_any("bad records", s.stream.bad_records);
  return out;
}

void check_law(const pipeline::Pipeline& p, std::string_view where, std::string& broken) {
  const pipeline::PipelineStats s = p.stats();
  if (s.ledger.pending() == s.waiting && s.out_of_true == 0) return;
  if (!broken.empty()) return;  // the first one says most
  broken = std::string(where) + ": pending " + std::to_string(static_cast<std::int64_t>(s.ledger.pending())) +
           ", held " + std::to_string(s.waiting) + ", streams out of true " + std::to_string(s.out_of_true) + "\n" +
           ledger_text(s);
}

Told tell(source::EventSource& from) {
  Lines out;
  Told told;
  pipeline::Pipeline p({}, out, nullptr, nullptr);
  for (std::uint64_t n = 1;;) {
    const auto batch = from.next();
    if (!batch) {
      told.broken = batch.error().message;
      return told;
    }
    for (const event::Event& e : batch->events) {
      p.on_event(e);
      check_law(p, "event " + std::to_string(n++), told.broken);
    }
    if (batch->state == source::SourceState::kEnd) break;
  }
  p.finish();
  check_law(p, "the end", told.broken);
  const pipeline::PipelineStats s = p.stats();
  if (s.ledger.pending() != 0 || s.buffered != 0) {
    told.broken +=
        "at the end: pending " + std::to_string(s.ledger.pending()) + ", buffered " + std::to_string(s.buffered) + '\n';
  }
  told.records = std::move(out.text);
  told.ledger = ledger_text(s);
  return told;
}

std::string contents(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The scenario as a recording, read back.
base::Result<Told> tell_recording(const fs::path& scenario) {
  const fs::path file = fs::temp_directory_path() / ("golden_" + std::to_string(::getpid()) + ".mcpcap");
  struct Remove {
    const fs::path& file;
    ~Remove() { fs::remove(file); }
  } const remove{file};
  source::CaptureInfo info;
  info.host_name = "golden";
  TRY_ASSIGN(source::CaptureWriter writer, source::CaptureWriter::create(file.string(), {.info = info}));
  TRY_ASSIGN(const auto from, source::ScenarioSource::open(scenario.string()));
  for (const event::Event& e : from->events()) TRY(writer.write(e));
  TRY(writer.finish());
  TRY_ASSIGN(const auto reader, source::CaptureReader::open(file.string()));
  Told told = tell(*reader);
  if (!reader->complete()) told.broken += "the recording is not complete\n";
  return told;
}

// The first line that differs, both ways.
void print_difference(std::string_view what, std::string_view expected, std::string_view got) {
  std::size_t line = 1;
  while (!expected.empty() || !got.empty()) {
    const std::string_view a = expected.substr(0, expected.find('\n')), b = got.substr(0, got.find('\n'));
    if (a != b || expected.empty() != got.empty()) {
      std::printf("%.*s:%zu:\n  expected: %.*s\n  got:      %.*s\n", static_cast<int>(what.size()), what.data(), line,
                  static_cast<int>(a.size()), a.data(), static_cast<int>(b.size()), b.data());
      return;
    }
    expected.remove_prefix(std::min(expected.size(), a.size() + 1));
    got.remove_prefix(std::min(got.size(), b.size() + 1));
    ++line;
  }
}

int run(const fs::path& folder, bool bless) {
  const fs::path input = folder / "input.scn";
  const auto told_by = [&]() -> base::Result<Told> {
    TRY_ASSIGN(const auto source, source::ScenarioSource::open(input.string()));
    return tell(*source);
  };
  const auto first = told_by(), second = told_by(), recorded = tell_recording(input);
  for (const auto* t : {&first, &second, &recorded}) {
    if (!*t) {
      std::printf("%s\n", t->error().message.c_str());
      return 1;
    }
  }
  int wrong = 0;
  if (!first->broken.empty()) ++wrong, std::printf("the ledger does not reconcile: %s", first->broken.c_str());
  if (!(*first == *second)) ++wrong, print_difference("a second run", first->records, second->records);
  if (!(*first == *recorded)) ++wrong, print_difference("replay of a recording", first->records, recorded->records);
  if (!recorded->broken.empty()) ++wrong, std::printf("replay of a recording: %s", recorded->broken.c_str());
  if (wrong != 0) return 1;

  const fs::path expected = folder / "expected";
  if (bless) {
    fs::create_directories(expected);
    std::ofstream(expected / "records.jsonl", std::ios::binary) << first->records;
    std::ofstream(expected / "ledger.txt", std::ios::binary) << first->ledger;
    return 0;
  }
  for (const auto& [name, got] :
       {std::pair{"records.jsonl", &first->records}, std::pair{"ledger.txt", &first->ledger}}) {
    if (!fs::exists(expected / name)) {
      ++wrong, std::printf("%s is missing: read the output and bless it (scripts/bless_golden.sh)\n",
                           (expected / name).c_str());
    } else if (const std::string want = contents(expected / name); want != *got) {
      ++wrong, print_difference(name, want, *got);
    }
  }
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool bless = argc == 3 && std::string_view(argv[1]) == "--bless";
  if (argc != 2 && !bless) {
    std::fprintf(stderr, "usage: golden_runner [--bless] CASE\n");
    return 2;
  }
  return run(argv[argc - 1], bless);
}
