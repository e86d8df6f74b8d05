// SPDX-License-Identifier: Apache-2.0
// Parsed: a text, put where a parser may read past it, and what came of it.
#pragma once
#include <string>
#include <vector>

#include "jsonrpc/message.h"

namespace mcpvigil::jsonrpc {

struct Parsed {
  explicit Parsed(std::string_view text) { give(text); }
  Parsed() = default;
  void give(std::string_view text) {
    buffer.clear();
    buffer.append(text);
    messages.clear();
    why = parser.parse(buffer.view(), [this](const Message& m) { messages.push_back(m); });
  }
  [[nodiscard]] const Message& only() const { return messages.at(0); }
  [[nodiscard]] bool ok() const { return why == base::SkipReason::kCount; }

  Parser parser;
  base::PaddedBuffer buffer;
  std::vector<Message> messages;
  base::SkipReason why{};
};

}  // namespace mcpvigil::jsonrpc
