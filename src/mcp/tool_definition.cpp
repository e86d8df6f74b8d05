// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include <array>

#include "mcp/operation.h"

namespace mcpvigil::mcp {
namespace {

namespace dom = simdjson::dom;
using jsonrpc::last;

std::string sha256_hex(std::string_view s) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int n = 0;
  std::string hex;
  if (EVP_Digest(s.data(), s.size(), digest.data(), &n, EVP_sha256(), nullptr) != 1) return hex;
  for (unsigned int i = 0; i < n; ++i) {
    hex.push_back(kHex[digest[i] >> 4]);
    hex.push_back(kHex[digest[i] & 15]);
  }
  return hex;
}

bool bool_at(dom::object o, std::string_view key, bool otherwise) {
  const auto v = last(o, key);
  return v && v->is_bool() ? v->get_bool().value_unsafe() : otherwise;
}

ToolDefinition definition(dom::object tool, dom::element e, std::string_view name) {
  ToolDefinition d;
  d.name = name;
  d.title = jsonrpc::string_at(e, "title");
  d.description = jsonrpc::string_at(e, "description");
  dom::object annotations;
  if (const auto a = last(tool, "annotations"); a && a->get_object().get(annotations) == simdjson::SUCCESS) {
    if (d.title.empty()) d.title = jsonrpc::string_at(*a, "title");
    d.read_only_hint = bool_at(annotations, "readOnlyHint", false);
    d.destructive_hint = bool_at(annotations, "destructiveHint", true);
  }
  append_canonical(e, d.canonical);
  d.definition_hash = sha256_hex(d.canonical);
  return d;
}

}  // namespace

std::vector<ToolDefinition> tool_definitions(dom::element tools) {
  std::vector<ToolDefinition> found;
  dom::array list;
  if (tools.get_array().get(list) != simdjson::SUCCESS) return found;
  for (const dom::element e : list) {
    dom::object tool;
    std::string_view name;
    if (e.get_object().get(tool) != simdjson::SUCCESS) continue;
    if (const auto n = last(tool, "name"); !n || n->get_string().get(name) != simdjson::SUCCESS) continue;
    found.push_back(definition(tool, e, name));
  }
  return found;
}

}  // namespace mcpvigil::mcp
