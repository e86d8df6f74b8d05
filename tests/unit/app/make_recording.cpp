// SPDX-License-Identifier: Apache-2.0
// make_recording SCENARIO FILE: a recording from a scenario, for tests of the program. Host: "golden".
#include <cstdio>

#include "source/capture_writer.h"
#include "source/scenario_source.h"

using namespace mcpvigil;

static base::Status make(const char* scenario, const char* file) {
  TRY_ASSIGN(const auto from, source::ScenarioSource::open(scenario));
  source::CaptureInfo info = source::describe_host();
  info.host_name = "golden";
  TRY_ASSIGN(source::CaptureWriter to, source::CaptureWriter::create(file, {.info = info}));
  for (const event::Event& e : from->events()) TRY(to.write(e));
  return to.finish();
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (const auto made = make(argv[1], argv[2]); !made) {
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    return 1;
  }
  return 0;
}
