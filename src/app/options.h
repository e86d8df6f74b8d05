// SPDX-License-Identifier: Apache-2.0
// Options: what the command line asks for, checked once.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/pipeline.h"

namespace mcpvigil::app {

enum class Payload : std::uint8_t { kNone, kRedacted, kFull };

// Exit codes, the same for every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFinding = 1;  // a finding, a refusal, bad input data
inline constexpr int kExitUsage = 2;
inline constexpr int kExitEnvironment = 3;  // not root, no BTF, a file that cannot be opened

struct Filters {  // empty: everything; several: any of them
  std::vector<std::string> servers, tools, users, types;
  std::vector<std::uint32_t> pids;
};

struct Options {
  bool json = false;
  std::string color = "auto";  // auto always never
  Payload payload = Payload::kNone;
  double duration = 0;  // seconds; 0: until told to stop
  Filters filters;
  std::string state;              // inventory file; empty: the default, ":memory:": none
  std::string record;             // run: also write a recording
  std::string file;               // record, replay, inspect
  std::string table = "servers";  // inventory
  bool events = false;            // inspect: every event
  bool tls = true, snapshot = true;
  std::size_t ring_mib = 16, queue_mib = 64;
  std::size_t max_message_mib = 64, max_pending_kib = 64, max_memory_mib = 256;
  [[nodiscard]] pipeline::PipelineLimits limits() const;
};

}  // namespace mcpvigil::app
