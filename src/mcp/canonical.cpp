// SPDX-License-Identifier: Apache-2.0
// RFC 8785 (JSON Canonicalization Scheme) over the DOM.
#include <algorithm>
#include <vector>

#include "jsonrpc/write.h"
#include "mcp/operation.h"

namespace mcpvigil::mcp {
namespace {

namespace dom = simdjson::dom;
using dom::element_type;

// RFC 8785 sorts names by UTF-16 code units. UTF-8 sorts the same but for characters beyond U+FFFF (lead bytes F0-F4),
// whose surrogates come before U+E000-FFFF (lead bytes EE, EF).
bool utf16_less(std::string_view a, std::string_view b) {
  const auto weight = [](char c) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0xF0) return u - 2;
    if (u >= 0xEE) return u + 5;
    return static_cast<int>(u);
  };
  const auto [x, y] = std::ranges::mismatch(a, b);
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  return weight(*x) < weight(*y);
}

struct Field {
  std::string_view key;
  dom::element value;
};

void append_object(dom::object o, std::string& out) {
  std::vector<Field> fields;
  for (const auto f : o) fields.push_back({f.key, f.value});
  // Stable, so that of equal names the last in the text comes last; that one wins.
  std::ranges::stable_sort(fields, utf16_less, &Field::key);
  out.push_back('{');
  bool first = true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i + 1 < fields.size() && fields[i + 1].key == fields[i].key) continue;
    if (!first) out.push_back(',');
    first = false;
    jsonrpc::append_string(fields[i].key, out);
    out.push_back(':');
    append_canonical(fields[i].value, out);
  }
  out.push_back('}');
}

void append_array(dom::array a, std::string& out) {
  out.push_back('[');
  bool first = true;
  for (const dom::element e : a) {
    if (!first) out.push_back(',');
    first = false;
    append_canonical(e, out);
  }
  out.push_back(']');
}

}  // namespace

// Recursion is bounded by the parser's depth limit.
void append_canonical(dom::element e, std::string& out) {
  switch (e.type()) {
    case element_type::OBJECT: append_object(e.get_object().value_unsafe(), out); return;
    case element_type::ARRAY: append_array(e.get_array().value_unsafe(), out); return;
    case element_type::STRING: jsonrpc::append_string(e.get_string().value_unsafe(), out); return;
    // Numbers are doubles in RFC 8785, integers too.
    case element_type::INT64: jsonrpc::append_number(static_cast<double>(e.get_int64().value_unsafe()), out); return;
    case element_type::UINT64: jsonrpc::append_number(static_cast<double>(e.get_uint64().value_unsafe()), out); return;
    case element_type::DOUBLE: jsonrpc::append_number(e.get_double().value_unsafe(), out); return;
    case element_type::BOOL: out.append(e.get_bool().value_unsafe() ? "true" : "false"); return;
    case element_type::NULL_VALUE: out.append("null"); return;
  }
}

}  // namespace mcpvigil::mcp
