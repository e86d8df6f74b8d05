// SPDX-License-Identifier: Apache-2.0
// TlsTargets: which files on this host hold a TLS library, found by symbol and hooked once per real inode.
//
// look_at_process() reads a process's mappings (at start: every process; later: when the kernel says a file was mapped
// executable for the first time). Never runs a monitored program; the files are hostile input (elf/).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace mcpvigil::probe {

class Uprobes;

struct TlsFinding {
  std::uint32_t pid = 0;  // the process it was found in
  std::string file;       // as that process sees it
  std::string stack;      // "openssl", "gnutls", "go_crypto_tls", ...
  bool covered = false;
  std::string why;  // not covered: the reason
};

class TlsTargets {
 public:
  // uprobes may be null: then stacks are only noticed. Both are borrowed.
  TlsTargets(Uprobes* uprobes, std::function<void(const TlsFinding&)> say);
  ~TlsTargets();
  void look_at_all();
  void look_at_process(std::uint32_t pid);
  [[nodiscard]] std::size_t hooked_files() const;

 private:
  struct State;
  std::unique_ptr<State> s_;
};

}  // namespace mcpvigil::probe
