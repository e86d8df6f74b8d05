// SPDX-License-Identifier: Apache-2.0
// What kind of message an object is: one walk over its members, last wins.
#include "jsonrpc/key_set.h"
#include "jsonrpc/message.h"

namespace mcpvigil::jsonrpc {
namespace {

namespace dom = simdjson::dom;

enum class Member : std::uint8_t { kJsonrpc, kId, kMethod, kParams, kResult, kError, kOther };

constexpr std::array<std::string_view, 6> kMembers = {"jsonrpc", "id", "method", "params", "result", "error"};

Member member(std::string_view key) {
  switch (key.size()) {
    case 2: return key == "id" ? Member::kId : Member::kOther;
    case 5: return key == "error" ? Member::kError : Member::kOther;
    case 6:
      if (key == "method") return Member::kMethod;
      if (key == "params") return Member::kParams;
      if (key == "result") return Member::kResult;
      return Member::kOther;
    case 7: return key == "jsonrpc" ? Member::kJsonrpc : Member::kOther;
    default: return Member::kOther;
  }
}

// Equal when case is folded as Go's decoder folds it: ASCII, and U+017F (long s) for s.
bool folds_to(std::string_view key, std::string_view plain) {
  std::size_t i = 0;
  for (const char p : plain) {
    if (i >= key.size()) return false;
    if (p == 's' && key.substr(i).starts_with("\xC5\xBF")) {
      i += 2;
      continue;
    }
    const char c = key[i++];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != p) return false;
  }
  return i == key.size();
}

bool is_wrong_case(std::string_view key) {
  if (key.size() < 2 || key.size() > 8) return false;
  for (const auto m : kMembers) {
    if (folds_to(key, m)) return true;
  }
  return false;
}

bool has_duplicate_keys(dom::object o) {
  KeySet keys;
  for (const auto field : o) keys.add(field.key);
  return keys.has_duplicate();
}

// params and its _meta; result; error.
bool has_duplicate_inside(const std::optional<dom::element>& e, bool with_meta) {
  if (!e) return false;
  dom::object o;
  if (e->get_object().get(o) != simdjson::SUCCESS) return false;
  KeySet keys;
  for (const auto field : o) {
    keys.add(field.key);
    if (with_meta && field.key == "_meta") {
      dom::object meta;
      if (field.value.get_object().get(meta) == simdjson::SUCCESS && has_duplicate_keys(meta)) return true;
    }
  }
  return keys.has_duplicate();
}

}  // namespace

bool read_message(dom::element root, Message& out) {
  out.kind = Kind::kNotification;
  out.id.type = Id::Type::kAbsent;
  out.method = {};
  out.params.reset();
  out.result.reset();
  out.error.reset();
  out.root = root;
  out.oddities = 0;
  out.batch_index = 0;
  out.batch_size = 1;
  out.text = {};

  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return false;
  KeySet keys;
  std::optional<dom::element> id;
  std::optional<dom::element> method;
  bool version = false;
  std::uint32_t oddities = 0;
  for (const auto field : object) {
    keys.add(field.key);
    switch (member(field.key)) {
      case Member::kJsonrpc: {
        std::string_view v;
        version = field.value.get_string().get(v) == simdjson::SUCCESS && v == "2.0";
        break;
      }
      case Member::kId: id = field.value; break;
      case Member::kMethod: method = field.value; break;
      case Member::kParams: out.params = field.value; break;
      case Member::kResult: out.result = field.value; break;
      case Member::kError: out.error = field.value; break;
      case Member::kOther:
        if (is_wrong_case(field.key)) oddities |= kWrongCase;
        break;
    }
  }
  if (keys.has_duplicate()) oddities |= kDuplicateKey;
  if (!version) oddities |= kNoVersion;
  // JSON-RPC 1.0 habits: "error":null beside a result, "result":null beside an error.
  if (out.error && out.error->is_null()) out.error.reset();
  if (out.error && out.result && out.result->is_null()) out.result.reset();

  const bool legal_id = id && read_id(*id, out.id);
  const bool named = method && method->get_string().get(out.method) == simdjson::SUCCESS;
  const bool answers = out.result.has_value() || out.error.has_value();
  if (named) {
    if (answers) oddities |= kMixedShape;  // SDKs that take it at all take it for a request
    if (id && !out.id.usable()) {
      oddities |= kBadId;
      out.id.type = Id::Type::kAbsent;
    }
    out.kind = out.id.usable() ? Kind::kRequest : Kind::kNotification;
  } else if (answers) {
    if (out.result && out.error) oddities |= kMixedShape;
    if (id && !legal_id) {
      oddities |= kBadId;
      out.id.type = Id::Type::kAbsent;
    }
    out.params.reset();
    out.kind = out.error ? Kind::kError : Kind::kResponse;
  }
  out.oddities = oddities;
  if (!named && !answers) return false;
  // Without a version there is little to tell JSON-RPC from any other JSON with such a member (a log line, an error
  // body): then it must look the part in full.
  if (!version) {
    if (named && out.params && !out.params->is_object() && !out.params->is_array()) return false;
    if (!named && !id) return false;
    if (out.error && !out.error->is_object()) return false;
  }
  if (has_duplicate_inside(out.params, true) || has_duplicate_inside(out.result, true) ||
      has_duplicate_inside(out.error, false)) {
    out.oddities |= kDuplicateKey;
  }
  return true;
}

std::optional<dom::element> last(dom::object o, std::string_view key) {
  std::optional<dom::element> found;
  for (const auto field : o) {
    if (field.key == key) found = field.value;
  }
  return found;
}

std::string_view string_at(dom::element e, std::string_view key) {
  dom::object o;
  if (e.get_object().get(o) != simdjson::SUCCESS) return {};
  std::string_view s;
  if (const auto v = last(o, key); v && v->get_string().get(s) == simdjson::SUCCESS) return s;
  return {};
}

}  // namespace mcpvigil::jsonrpc
