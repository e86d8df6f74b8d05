// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "jsonrpc/escapes.h"
#include "jsonrpc/message.h"
#include "jsonrpc/repair.h"

namespace mcpvigil::jsonrpc {
namespace {

namespace dom = simdjson::dom;
using base::SkipReason;

static_assert(base::kPadding >= simdjson::SIMDJSON_PADDING);

// simdjson's tape and index take about twenty times the text. Above this we do not keep them for small texts.
constexpr std::size_t kKeptCapacity = 4ULL << 20;

SkipReason reason(simdjson::error_code e) {
  switch (e) {
    case simdjson::SUCCESS: return SkipReason::kCount;
    case simdjson::DEPTH_ERROR: return SkipReason::kTooDeep;
    case simdjson::UTF8_ERROR: return SkipReason::kBadUtf8;
    case simdjson::CAPACITY: return SkipReason::kTooLarge;
    case simdjson::MEMALLOC: return SkipReason::kMemoryCap;
    default: return SkipReason::kMalformedJson;
  }
}

Bytes trimmed(Bytes t) {
  if (t.starts_with("\xEF\xBB\xBF")) t.remove_prefix(3);
  const auto first = t.find_first_not_of(" \t\r\n");
  if (first == Bytes::npos) return {};
  const auto end = t.find_last_not_of(" \t\r\n");
  return t.substr(first, end - first + 1);
}

bool contains(Bytes t, char c) { return !t.empty() && std::memchr(t.data(), c, t.size()) != nullptr; }

}  // namespace

struct Parser::State {
  std::unique_ptr<dom::parser> parser = std::make_unique<dom::parser>(2 * kMaxText);
  Message message;
  std::string repaired;
  std::vector<std::uint32_t> escaped;  // elements of the batch with needless escapes
  std::optional<dom::element> document;
  std::uint32_t bad_elements = 0;
  std::uint32_t oddities = 0;

  void release() {
    document.reset();
    parser = std::make_unique<dom::parser>(2 * kMaxText);
    repaired = {};
    escaped = {};
  }
  simdjson::error_code load(Bytes t) {
    if (t.size() > parser->capacity()) {
      // In powers of two, then in whole MiB: a run of ever longer messages must not allocate for each.
      const std::size_t mib = 1ULL << 20;
      const std::size_t capacity = t.size() > kKeptCapacity ? (t.size() + mib - 1) / mib * mib
                                                            : std::bit_ceil(std::max<std::size_t>(t.size(), 4096));
      if (const auto e = parser->allocate(capacity, kMaxDepth); e != simdjson::SUCCESS) return e;
      if (const auto e = parser->doc.allocate(capacity); e != simdjson::SUCCESS) return e;
    }
    dom::element root;
    const auto e = parser->parse(t.data(), t.size(), false).get(root);
    if (e == simdjson::SUCCESS) document = root;
    return e;
  }
  bool deliver(dom::element e, std::uint32_t index, std::uint32_t size, std::uint32_t flags, Bytes text,
               const std::function<void(const Message&)>& on_message) {
    const bool is_message = read_message(e, message);
    if (std::ranges::binary_search(escaped, index)) flags |= kEscapedKey;
    message.oddities |= flags;
    oddities |= message.oddities;
    if (!is_message) return false;
    message.batch_index = index;
    message.batch_size = size;
    message.text = text;
    on_message(message);
    return true;
  }
};

Parser::Parser() : s_(std::make_unique<State>()) {}
Parser::~Parser() = default;

SkipReason Parser::parse(Bytes padded_text, const std::function<void(const Message&)>& on_message) {
  State& s = *s_;
  s.document.reset();
  s.escaped.clear();
  s.bad_elements = 0;
  s.oddities = 0;
  const Bytes text = trimmed(padded_text);
  if (text.empty()) return SkipReason::kMalformedJson;
  if (text.size() > kMaxText) return SkipReason::kTooLarge;
  if (s.parser->capacity() > kKeptCapacity && text.size() <= kKeptCapacity) s.release();

  Bytes parsed = text;  // what simdjson saw
  std::uint32_t flags = 0;
  auto error = s.load(text);
  if ((error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR) && repair(text, s.repaired)) {
    const std::size_t size = s.repaired.size();
    s.repaired.resize(size + base::kPadding);
    parsed = Bytes(s.repaired).substr(0, size);
    error = s.load(parsed);
    flags |= kInexact;
  }
  if (error != simdjson::SUCCESS) return reason(error);

  if (contains(parsed, '\\')) find_needless_escapes(*s.parser, parsed, s.escaped);
  if (contains(text, '\n')) flags |= kRawNewline;

  dom::array batch;
  if (s.document->get_array().get(batch) != simdjson::SUCCESS) {
    return s.deliver(*s.document, 0, 1, flags, text, on_message) ? SkipReason::kCount : SkipReason::kNotJsonRpc;
  }
  // array::size() saturates at 2^24-1; a batch of that many elements is counted as that many.
  const auto size = static_cast<std::uint32_t>(batch.size());
  std::uint32_t index = 0;
  for (const dom::element e : batch) {
    if (!s.deliver(e, index++, size, flags | kBatched, text, on_message)) ++s.bad_elements;
  }
  return index != 0 && s.bad_elements == 0 ? SkipReason::kCount : SkipReason::kNotJsonRpc;
}

std::optional<dom::element> Parser::document() const { return s_->document; }
std::uint32_t Parser::bad_elements() const { return s_->bad_elements; }
std::uint32_t Parser::oddities() const { return s_->oddities; }
void Parser::release_memory() {
  if (s_->parser->capacity() > kKeptCapacity) s_->release();
}

}  // namespace mcpvigil::jsonrpc
