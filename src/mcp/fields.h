// SPDX-License-Identifier: Apache-2.0
// Reading members out of DOM elements that may be of any type. Nothing here fails: what is not there is empty.
#pragma once
#include <simdjson.h>

#include <optional>
#include <string_view>

#include "mcp/operation.h"

namespace mcpvigil::mcp::fields {

using simdjson::dom::element;
using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

[[nodiscard]] inline std::optional<Object> object(element e) {
  Object o;
  if (e.get_object().get(o) != simdjson::SUCCESS) return std::nullopt;
  return o;
}
[[nodiscard]] inline std::string_view string(element e) {
  std::string_view s;
  if (e.get_string().get(s) != simdjson::SUCCESS) return {};
  return s;
}
[[nodiscard]] inline bool is_number(element e) { return e.is_number(); }

// The first element of a non-empty array, or nothing.
[[nodiscard]] inline std::optional<element> front(element e) {
  Array a;
  if (e.get_array().get(a) != simdjson::SUCCESS || a.begin() == a.end()) return std::nullopt;
  return *a.begin();
}

[[nodiscard]] inline Party party(element e) {
  Party p;
  if (const auto o = object(e)) {
    for (const auto f : *o) {
      if (f.key == "name") p.name = string(f.value);
      if (f.key == "version") p.version = string(f.value);
    }
  }
  return p;
}

// An object, or the empty array that PHP makes of one.
[[nodiscard]] inline bool is_objectlike(element e) {
  Array a;
  return e.is_object() || (e.get_array().get(a) == simdjson::SUCCESS && a.begin() == a.end());
}

[[nodiscard]] inline std::optional<jsonrpc::Id> id(element e) {
  std::optional<jsonrpc::Id> r(std::in_place);
  if (!jsonrpc::read_id(e, *r) || !r->usable()) r.reset();
  return r;
}

}  // namespace mcpvigil::mcp::fields
