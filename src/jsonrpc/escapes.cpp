// SPDX-License-Identifier: Apache-2.0
// Walks simdjson's index of structural characters, not the text: strings cost nothing, however long and however
// full of escapes, unless they are names near the root.
#include "jsonrpc/escapes.h"

#include <cstring>

namespace mcpvigil::jsonrpc {
namespace {

using base::Bytes;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool needs_no_escape(int code) {
  const auto c = static_cast<unsigned>(code);
  return (c - '0' < 10) || (c - 'A' < 26) || (c - 'a' < 26) || c == '_' || c == '-' || c == '.' || c == '/' || c == '$';
}

// The raw string that begins after the quote at `quote`; the text is valid JSON, so it ends.
struct RawString {
  Bytes text;
  bool needless = false;
};
RawString raw_string(Bytes text, std::size_t quote) {
  RawString r;
  std::size_t i = quote + 1;
  while (i < text.size() && text[i] != '"') {
    if (text[i] != '\\') {
      ++i;
      continue;
    }
    if (i + 1 >= text.size()) break;
    if (text[i + 1] == '/') r.needless = true;
    if (text[i + 1] == 'u' && i + 5 < text.size()) {
      int code = 0;
      for (std::size_t k = i + 2; k < i + 6; ++k) code = code * 16 + hex(text[k]);
      if (needs_no_escape(code)) r.needless = true;
    }
    i += 2;
  }
  r.text = text.substr(quote + 1, i - quote - 1);
  return r;
}

}  // namespace

void find_needless_escapes(const simdjson::dom::parser& parser, Bytes text, std::vector<std::uint32_t>& out) {
  out.clear();
  if (!parser.implementation) return;
  const std::uint32_t* index = parser.implementation->structural_indexes.get();
  const std::size_t count = parser.implementation->n_structural_indexes;
  if (count == 0) return;
  const std::size_t base = text[index[0]] == '[' ? 1 : 0;  // a batch's messages stand one level deeper
  const std::size_t root = base + 1;

  std::size_t depth = 0;
  std::uint32_t element = 0;
  bool in_meta = false;  // the object at root+2 is the value of "_meta"
  bool flagged = false;
  const auto flag = [&] {
    if (!flagged) out.push_back(element);
    flagged = true;
  };
  for (std::size_t i = 0; i < count; ++i) {
    switch (text[index[i]]) {
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']': --depth; break;
      case ',':
        if (depth == base && base != 0) {
          ++element;
          flagged = false;
        }
        break;
      case '"': {
        // Names: of the message, of params, result and error, of _meta in those.
        const bool named_here = depth == root || depth == root + 1 || (depth == root + 2 && in_meta);
        if (!named_here || i + 1 >= count || text[index[i + 1]] != ':') break;
        const RawString key = raw_string(text, index[i]);
        if (key.needless) flag();
        if (depth <= root + 1) in_meta = depth == root + 1 && key.text == "_meta";
        if (depth == root && key.text == "method" && i + 2 < count && text[index[i + 2]] == '"' &&
            raw_string(text, index[i + 2]).needless) {
          flag();
        }
        break;
      }
      default: break;
    }
  }
}

}  // namespace mcpvigil::jsonrpc
