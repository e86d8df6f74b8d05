// SPDX-License-Identifier: Apache-2.0
#include "frame/http_head.h"

#include <array>

#include "frame/http_text.h"

namespace mcpvigil::frame {
namespace {

struct Kept {
  std::string_view name;
  std::string HttpHead::* value;
};

constexpr std::array<Kept, 12> kKept = {{
    {"host", &HttpHead::host},
    {"origin", &HttpHead::origin},
    {"mcp-session-id", &HttpHead::session_id},
    {"mcp-protocol-version", &HttpHead::protocol_version},
    {"mcp-method", &HttpHead::mcp_method},
    {"mcp-name", &HttpHead::mcp_name},
    {"last-event-id", &HttpHead::last_event_id},
    {"user-agent", &HttpHead::user_agent},
    {"content-type", &HttpHead::content_type},
    {"content-encoding", &HttpHead::content_encoding},
    {"www-authenticate", &HttpHead::www_authenticate},
    {"location", &HttpHead::location},
}};

void append_bounded(std::string& to, Bytes b, std::size_t max) {
  if (to.size() < max) to.append(b.substr(0, max - to.size()));
}

}  // namespace

void HttpHeadCollector::start() {
  head_ = {};
  name_.clear();
  value_ = nullptr;
  name_read_ = false;
  headers_ = 0;
}

void HttpHeadCollector::target_piece(Bytes b) { append_bounded(head_.target, b, kMaxValue); }

void HttpHeadCollector::name_piece(Bytes b) { append_bounded(name_, b, kMaxName + 1); }

void HttpHeadCollector::value_piece(Bytes b) {
  if (!name_read_) {
    name_read_ = true;
    for (const Kept& k : kKept) {
      if (equal_ignoring_case(name_, k.name) && (head_.*k.value).empty()) value_ = &(head_.*k.value);
    }
    if (equal_ignoring_case(name_, "authorization")) head_.has_authorization = true;
  }
  if (value_ != nullptr) append_bounded(*value_, b, kMaxValue);
}

bool HttpHeadCollector::end_of_header() {
  if (value_ != nullptr) *value_ = std::string(trim(*value_));
  value_ = nullptr;
  name_read_ = false;
  name_.clear();
  return ++headers_ <= kMaxHeaders;
}

}  // namespace mcpvigil::frame
