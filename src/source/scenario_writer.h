// SPDX-License-Identifier: Apache-2.0
// ScenarioWriter: carries out the statements of a scenario, one function each, on a ScenarioSource.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "source/scenario_source.h"

namespace mcpvigil::source {

class ScenarioWriter {
 public:
  ScenarioWriter(ScenarioSource& out, ScenarioCursor& in) : out_(out), in_(in) {}
  [[nodiscard]] base::Status run();

 private:
  struct NamedFlow {
    event::FlowOpen open{};
    std::string path{};
    base::FlowId peer{};                      // the other end, for `send`
    std::array<std::uint64_t, 2> position{};  // by way
  };

  [[nodiscard]] base::Status statement(std::string_view verb);
  [[nodiscard]] base::Status process();
  [[nodiscard]] base::Status life(std::string_view verb);
  [[nodiscard]] base::Status pipe(std::string_view verb);
  [[nodiscard]] base::Status unix_pair(std::string_view verb);
  [[nodiscard]] base::Status tcp();
  [[nodiscard]] base::Status tls();
  [[nodiscard]] base::Status bind();
  [[nodiscard]] base::Status moved(event::Way way);
  [[nodiscard]] base::Status send();
  [[nodiscard]] base::Status actor();
  [[nodiscard]] base::Status holder();
  [[nodiscard]] base::Status absent(std::string_view verb);
  [[nodiscard]] base::Status eof();
  [[nodiscard]] base::Status close();
  [[nodiscard]] base::Status note();
  [[nodiscard]] base::Status lost();
  [[nodiscard]] base::Status time(std::string_view verb);

  [[nodiscard]] base::Result<std::string_view> new_name();
  [[nodiscard]] base::Result<NamedFlow*> flow();
  [[nodiscard]] base::Result<base::ProcessKey> known_process(std::string_view expected);
  [[nodiscard]] base::Result<event::Way> way();
  [[nodiscard]] base::Result<base::LossReason> reason();
  [[nodiscard]] base::ProcessKey key_of(std::uint64_t pid) const;
  NamedFlow& declare(std::string_view name, event::FlowKind kind);
  void emit_open(const NamedFlow& f);
  base::Timestamp now();
  base::Bytes keep(std::string text);

  ScenarioSource& out_;
  ScenarioCursor& in_;
  std::uint64_t now_ = ScenarioSource::kStart;
  std::map<std::uint64_t, base::ProcessKey> processes_;
  std::map<std::string, NamedFlow, std::less<>> flows_;
  std::map<std::uint64_t, NamedFlow*> by_id_;
  std::uint64_t next_flow_ = 0;
  std::uint64_t next_inode_ = 100;
};

}  // namespace mcpvigil::source
