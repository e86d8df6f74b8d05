// SPDX-License-Identifier: Apache-2.0
// Ids, and the names of the small enums of message.h.
#include <cmath>

#include "jsonrpc/message.h"
#include "jsonrpc/write.h"

namespace mcpvigil::jsonrpc {

using simdjson::dom::element_type;

void Id::append_json(std::string& out) const {
  switch (type) {
    case Type::kAbsent:
    case Type::kNull: out += "null"; return;
    case Type::kInteger: out += std::to_string(integer); return;
    case Type::kReal: out += text; return;
    case Type::kString: append_string(text, out); return;
  }
}

bool read_id(simdjson::dom::element e, Id& out) {
  out.integer = 0;
  out.real = 0;
  out.text.clear();
  switch (e.type()) {
    case element_type::INT64:
      out.type = Id::Type::kInteger;
      out.integer = e.get_int64().value_unsafe();
      return true;
    case element_type::UINT64: {  // simdjson: only what is beyond int64
      const std::uint64_t u = e.get_uint64().value_unsafe();
      out.type = Id::Type::kReal;
      out.real = static_cast<double>(u);
      out.text = std::to_string(u);
      return true;
    }
    case element_type::DOUBLE: {
      const double d = e.get_double().value_unsafe();
      // Peers that hold numbers as doubles answer 1.0 with 1.
      if (d >= -0x1p63 && d < 0x1p63 && std::trunc(d) == d) {
        out.type = Id::Type::kInteger;
        out.integer = static_cast<std::int64_t>(d);
      } else {
        out.type = Id::Type::kReal;
        out.real = d;
        append_number(d, out.text);
      }
      return true;
    }
    case element_type::STRING:
      out.type = Id::Type::kString;
      out.text = e.get_string().value_unsafe();
      return true;
    default: out.type = Id::Type::kNull; return e.is_null();
  }
}

std::string_view name(Kind k) {
  switch (k) {
    case Kind::kRequest: return "request";
    case Kind::kNotification: return "notification";
    case Kind::kResponse: return "response";
    case Kind::kError: return "error";
  }
  return "";
}

std::string_view name(Oddity o) {
  switch (o) {
    case kDuplicateKey: return "duplicate_key";
    case kEscapedKey: return "escaped_key";
    case kWrongCase: return "wrong_case";
    case kNoVersion: return "no_version";
    case kBatched: return "batched";
    case kRawNewline: return "raw_newline";
    case kInexact: return "inexact";
    case kBadId: return "bad_id";
    case kMixedShape: return "mixed_shape";
  }
  return "";
}

}  // namespace mcpvigil::jsonrpc
