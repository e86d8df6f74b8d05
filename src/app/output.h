// SPDX-License-Identifier: Apache-2.0
// Output: records -> standard output, as JSON lines or as lines for people; with filters, a summary and, on a
// terminal, a status line. One thread. Collects a batch of lines and writes them at once.
#pragma once
#include <cstdint>
#include <string>

#include "app/options.h"
#include "session/record.h"
#include "session/render.h"

namespace mcpvigil::app {

class Output : public session::RecordListener {
 public:
  Output(const Options& o, const std::string& host);
  ~Output() override;
  void on_record(const session::Record& r) override;
  // Writes what was collected. False when nobody reads any more.
  bool flush();
  // The line at the bottom of a terminal; "" removes it.
  void status(const std::string& text);
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool terminal() const { return terminal_; }
  // Processes with a coverage verdict that were not shown, because nobody asked for them.
  [[nodiscard]] std::uint64_t not_covered() const { return not_covered_; }

 private:
  [[nodiscard]] bool wanted(const session::Record& r) const;
  Options options_;
  session::JsonRenderer json_;
  session::TextOptions text_;
  std::string lines_;
  std::string status_;
  std::uint64_t seq_ = 0, not_covered_ = 0;
  bool terminal_ = false, closed_ = false;
};

}  // namespace mcpvigil::app
