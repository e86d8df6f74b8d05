// SPDX-License-Identifier: Apache-2.0
// LaunchTarget: what an interpreter or package runner was told to run, read from its argument list.
//
//   node /srv/everything.js --port 1     -> script  /srv/everything.js
//   python3 -m weather.server            -> module  weather.server
//   npx -y @acme/files@1.2.0 /home       -> package @acme/files, version 1.2.0, family npm
#pragma once
#include <optional>
#include <string>

#include "event/event.h"

namespace mcpvigil::session {

struct LaunchTarget {
  enum class Kind { kScript, kModule, kPackage, kInline };
  Kind kind = Kind::kScript;
  std::string name;     // scripts: absolute when the working directory is known
  std::string version;  // packages, when pinned
  std::string family;   // packages: npm, pypi, oci
};

// Nothing for a program that is its own target (a Go or Rust binary).
[[nodiscard]] std::optional<LaunchTarget> launch_target(const event::ProcessFacts& f);

}  // namespace mcpvigil::session
