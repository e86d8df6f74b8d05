// SPDX-License-Identifier: Apache-2.0
// ScenarioCursor: reads the words, numbers, strings and addresses of a scenario text. Errors say where and what was
// expected. Grammar in docs/design/capture-format.md.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace mcpvigil::source {

class ScenarioCursor {
 public:
  // What a text may unfold to: a typing error in a generator must not fill the memory.
  static constexpr std::uint64_t kMaxBytes = 256ULL << 20;

  ScenarioCursor(std::string_view name, std::string_view text, std::uint64_t max_bytes = kMaxBytes)
      : name_(name), text_(text), bytes_left_(max_bytes) {}

  // Moves to the next line that says something; false at the end of the text.
  [[nodiscard]] bool next_statement();
  // Nothing but a comment is left on the line.
  [[nodiscard]] bool at_end();
  [[nodiscard]] base::Status end_statement();

  // Letters, digits and any of _ . / : @ - (but not "->").
  [[nodiscard]] base::Result<std::string_view> word(std::string_view expected);
  // The next word, not consumed; empty when something else is next.
  [[nodiscard]] std::string_view peek_word();
  // "name=" when it is next, and consumes it; empty when something else is.
  [[nodiscard]] std::string_view option();
  // Consumes `punctuation` when it is next.
  [[nodiscard]] bool accept(std::string_view punctuation);
  [[nodiscard]] base::Status expect(std::string_view punctuation, std::string_view expected);
  [[nodiscard]] base::Result<std::uint64_t> number(std::string_view expected);
  // "text" with escapes, 'text' as it is, or a word.
  [[nodiscard]] base::Result<std::string> text(std::string_view expected);
  // One or more of: "text" 'text' nl bytes(N,"text") repeat(N,"text"); put together.
  [[nodiscard]] base::Result<std::string> payload();
  // 127.0.0.1:80 or [::1]:80
  [[nodiscard]] base::Result<event::Address> address();
  // +100ms 2s 5us 7ns
  [[nodiscard]] base::Result<std::uint64_t> duration();

  // At the beginning of what was read last.
  [[nodiscard]] base::Error wrong(std::string_view expected) const;
  [[nodiscard]] base::Error error(std::string_view what) const;

 private:
  void skip_blanks();
  [[nodiscard]] bool done() const { return at_ >= text_.size() || text_[at_] == '\n'; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] base::Result<std::string> quoted();
  [[nodiscard]] base::Status take_bytes(std::uint64_t n);

  std::string_view name_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t last_ = 0;  // where the last item began
  std::uint64_t bytes_left_;
};

}  // namespace mcpvigil::source
