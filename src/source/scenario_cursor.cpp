// SPDX-License-Identifier: Apache-2.0
#include "source/scenario_cursor.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "event/dump.h"

namespace mcpvigil::source {

using base::Error;
using base::ErrorCode;

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == ':' || c == '@' || c == '-';
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void ScenarioCursor::skip_blanks() {
  while (at_ < text_.size()) {
    if (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r') {
      ++at_;
    } else if (rest().starts_with("\\\n")) {
      at_ += 2;  // the statement goes on
    } else {
      break;
    }
  }
  if (at_ < text_.size() && text_[at_] == '#') {
    while (!done()) ++at_;
  }
}

bool ScenarioCursor::next_statement() {
  for (;;) {
    skip_blanks();
    if (at_ >= text_.size()) return false;
    if (text_[at_] != '\n') return true;
    ++at_;
  }
}

bool ScenarioCursor::at_end() {
  skip_blanks();
  last_ = at_;
  return done();
}

base::Status ScenarioCursor::end_statement() {
  if (!at_end()) return wrong("the end of the line");
  return {};
}

base::Result<std::string_view> ScenarioCursor::word(std::string_view expected) {
  skip_blanks();
  last_ = at_;
  while (!done() && is_word(text_[at_]) && !rest().starts_with("->")) ++at_;
  if (at_ == last_) return wrong(expected);
  return text_.substr(last_, at_ - last_);
}

std::string_view ScenarioCursor::peek_word() {
  skip_blanks();
  std::size_t end = at_;
  while (end < text_.size() && is_word(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

std::string_view ScenarioCursor::option() {
  skip_blanks();
  last_ = at_;
  std::size_t end = at_;
  while (end < text_.size() && ((text_[end] >= 'a' && text_[end] <= 'z') || text_[end] == '_')) ++end;
  if (end == at_ || end >= text_.size() || text_[end] != '=') return {};
  const std::string_view name = text_.substr(at_, end - at_);
  at_ = end + 1;
  return name;
}

bool ScenarioCursor::accept(std::string_view punctuation) {
  skip_blanks();
  last_ = at_;
  if (!rest().starts_with(punctuation)) return false;
  at_ += punctuation.size();
  return true;
}

base::Status ScenarioCursor::expect(std::string_view punctuation, std::string_view expected) {
  if (!accept(punctuation)) return wrong(expected);
  return {};
}

base::Result<std::uint64_t> ScenarioCursor::number(std::string_view expected) {
  TRY_ASSIGN(const std::string_view w, word(expected));
  std::uint64_t v = 0;
  const auto [end, bad] = std::from_chars(w.data(), w.data() + w.size(), v);
  if (bad != std::errc{} || end != w.data() + w.size()) return wrong(expected);
  return v;
}

base::Status ScenarioCursor::take_bytes(std::uint64_t n) {
  if (n > bytes_left_) return error("the scenario unfolds to more bytes than a scenario may have");
  bytes_left_ -= n;
  return {};
}

base::Result<std::string> ScenarioCursor::quoted() {
  skip_blanks();
  last_ = at_;
  const char quote = done() ? '\0' : text_[at_];
  if (quote != '"' && quote != '\'') return wrong("a text in quotes");
  const std::size_t begin = at_++;
  std::string out;
  while (!done() && text_[at_] != quote) {
    if (quote == '\'' || text_[at_] != '\\') {
      out += text_[at_++];
      continue;
    }
    last_ = at_++;
    const char c = done() ? '\0' : text_[at_++];
    switch (c) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      case '"':
      case '\\':
      case '\'': out += c; break;
      case 'x': {
        const int high = at_ < text_.size() ? hex(text_[at_]) : -1;
        const int low = at_ + 1 < text_.size() ? hex(text_[at_ + 1]) : -1;
        if (high < 0 || low < 0) return wrong("two hexadecimal digits after \\x");
        out += static_cast<char>(high * 16 + low);
        at_ += 2;
        break;
      }
      default: return wrong("one of the escapes \\n \\r \\t \\0 \\\" \\' \\\\ \\xNN");
    }
  }
  last_ = begin;
  if (done()) return error(fmt::format("this text has no closing {}", quote));
  ++at_;
  TRY(take_bytes(out.size()));
  return out;
}

base::Result<std::string> ScenarioCursor::text(std::string_view expected) {
  skip_blanks();
  if (!done() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted();
  TRY_ASSIGN(const std::string_view w, word(expected));
  return std::string(w);
}

base::Result<std::string> ScenarioCursor::payload() {
  std::string out;
  bool any = false;
  for (;;) {
    skip_blanks();
    if (done()) break;
    if (text_[at_] == '"' || text_[at_] == '\'') {
      TRY_ASSIGN(const std::string part, quoted());
      out += part;
    } else {
      const std::size_t begin = at_;
      if (!option().empty()) {  // the payload ends where the options begin
        at_ = begin;
        break;
      }
      TRY_ASSIGN(const std::string_view w,
                 word("a payload: \"text\", 'text', nl, bytes(N,\"text\") or repeat(N,\"text\")"));
      if (w == "nl") {
        out += '\n';
      } else if (w == "bytes" || w == "repeat") {
        const bool by_size = w == "bytes";
        TRY(expect("(", "("));
        TRY_ASSIGN(const std::uint64_t n, number("how many"));
        TRY(expect(",", ", and the text to repeat"));
        TRY_ASSIGN(const std::string pattern, quoted());
        if (pattern.empty()) return error("nothing to repeat");
        TRY(expect(")", ")"));
        if (n > kMaxBytes) return error("the scenario unfolds to more bytes than a scenario may have");
        const std::uint64_t size = by_size ? n : n * pattern.size();
        TRY(take_bytes(size));
        out.reserve(out.size() + size);
        for (std::uint64_t left = size; left > 0;) {
          const std::size_t step = std::min<std::uint64_t>(left, pattern.size());
          out.append(pattern, 0, step);
          left -= step;
        }
      } else {
        return wrong("a payload: \"text\", 'text', nl, bytes(N,\"text\") or repeat(N,\"text\")");
      }
    }
    any = true;
  }
  last_ = at_;
  if (!any) return wrong("a payload: \"text\", 'text', nl, bytes(N,\"text\") or repeat(N,\"text\")");
  return out;
}

base::Result<event::Address> ScenarioCursor::address() {
  constexpr std::string_view kExpected = "an address: 127.0.0.1:80 or [::1]:80";
  skip_blanks();
  last_ = at_;
  const bool six = !done() && text_[at_] == '[';
  std::size_t end = at_ + (six ? 1 : 0);
  while (end < text_.size() && (is_word(text_[end]) || (six && text_[end] == ']'))) ++end;
  const std::string_view all = text_.substr(at_, end - at_);
  const std::size_t colon = all.rfind(':');
  event::Address a;
  if (colon == std::string_view::npos || (six && (colon < 2 || all[colon - 1] != ']'))) return wrong(kExpected);
  const std::string ip(six ? all.substr(1, colon - 2) : all.substr(0, colon));
  const std::string_view port = all.substr(colon + 1);
  const auto [p, bad] = std::from_chars(port.data(), port.data() + port.size(), a.port);
  if (bad != std::errc{} || p != port.data() + port.size()) return wrong(kExpected);
  if (inet_pton(six ? AF_INET6 : AF_INET, ip.c_str(), a.ip.data()) != 1) return wrong(kExpected);
  a.family = six ? 6 : 4;
  at_ = end;
  return a;
}

base::Result<std::uint64_t> ScenarioCursor::duration() {
  constexpr std::string_view kExpected = "a time span: 100ms, 2s, 5us or 7ns";
  (void)accept("+");
  TRY_ASSIGN(const std::string_view w, word(kExpected));
  std::uint64_t v = 0;
  const auto [end, bad] = std::from_chars(w.data(), w.data() + w.size(), v);
  if (bad != std::errc{}) return wrong(kExpected);
  const std::string_view unit = w.substr(static_cast<std::size_t>(end - w.data()));
  const std::uint64_t scale = unit == "s"    ? 1'000'000'000
                              : unit == "ms" ? 1'000'000
                              : unit == "us" ? 1'000
                              : unit == "ns" ? 1
                                             : 0;
  // A century is enough for any test, and sums stay far from overflow.
  if (scale == 0 || v > 3'000'000'000'000'000'000ULL / scale) return wrong(kExpected);
  return v * scale;
}

Error ScenarioCursor::wrong(std::string_view expected) const {
  std::size_t end = last_;
  while (end < text_.size() && end < last_ + 24 && text_[end] != '\n') {
    if (end > last_ && !is_word(text_[end])) break;
    ++end;
  }
  const std::string_view found = text_.substr(last_, end - last_);
  return error(fmt::format("expected {}, found {}", expected,
                           found.empty() ? "the end of the line" : "\"" + event::escape(found) + "\""));
}

Error ScenarioCursor::error(std::string_view what) const {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < last_ && i < text_.size(); ++i) {
    ++column;
    if (text_[i] == '\n') ++line, column = 1;
  }
  return Error{ErrorCode::kInvalid, 0, fmt::format("{}:{}:{}: {}", name_, line, column, what)};
}

}  // namespace mcpvigil::source
