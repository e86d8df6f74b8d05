// SPDX-License-Identifier: Apache-2.0
// Rendering: a Record as one JSON line (docs/reference/event-schema.md) or as one line for people.
//
// JsonRenderer keeps the rendered form of every process it met (the larger part of a line) and appends to a string the
// caller uses again; no allocation a line once warm. One thread each.
#pragma once
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "session/record.h"

namespace mcpvigil::session {

enum class PayloadMode : std::uint8_t { kNone, kRedacted, kFull };

struct RenderOptions {
  std::string host;
  PayloadMode payload = PayloadMode::kNone;
};

class JsonRenderer {
 public:
  explicit JsonRenderer(RenderOptions options);
  // One line, ended by '\n'.
  void append(const Record& r, std::uint64_t seq, std::string& out);
  [[nodiscard]] const RenderOptions& options() const { return options_; }

 private:
  struct Cached {
    const event::ProcessFacts* facts = nullptr;
    base::Timestamp stamp;  // of the facts: a process that executes another program has new ones
    std::string json;
    std::list<base::ProcessKey>::iterator age;
  };
  void head(std::string_view type, base::Timestamp ts, std::uint64_t seq, std::string& out);
  void process(const PartyView& p, std::string& out);
  void party(const PartyView& p, bool server, std::string& out);
  void message_fields(const MessageRecord& m, std::string& out);
  void payload(const MessageRecord& m, std::string& out);
  void line(const MessageRecord& r, std::uint64_t seq, std::string& out);
  void line(const CallRecord& r, std::uint64_t seq, std::string& out);
  void line(const InventoryRecord& r, std::uint64_t seq, std::string& out);
  void line(const FindingRecord& r, std::uint64_t seq, std::string& out);
  void line(const ProcessRecord& r, std::uint64_t seq, std::string& out);
  void line(const LossRecord& r, std::uint64_t seq, std::string& out);
  void line(const HealthRecord& r, std::uint64_t seq, std::string& out);

  RenderOptions options_;
  std::string host_json_;
  std::string scratch_;
  std::unordered_map<base::ProcessKey, Cached> cache_;
  std::list<base::ProcessKey> ages_;  // front: forgotten first
};

// As JsonRenderer with a renderer of its own thread; for callers that print few lines.
void append_json(const Record& r, const RenderOptions& o, std::uint64_t seq, std::string& out);

struct TextOptions {
  bool color = false;
  bool messages = false;  // messages too; else calls, findings and what is not a message
};

// One line for people, ended by '\n': time, client -> server, method or tool, size, latency, outcome. Nothing for
// records the options leave out.
void append_text(const Record& r, const TextOptions& o, std::string& out);

}  // namespace mcpvigil::session
