// SPDX-License-Identifier: Apache-2.0
// HttpHead: what is kept of one message head. HttpHeadCollector: fills it from a parser's pieces.
//
// Only the values named here are kept, each cut at 8 KiB; the value of Authorization is never stored. A header sent
// twice keeps its first value.
#pragma once
#include <string>

#include "frame/frame.h"

namespace mcpvigil::frame {

struct HttpHead {
  std::string method, target;  // of a request
  int status = 0;              // of a response
  std::string host, origin, session_id, protocol_version, mcp_method, mcp_name, last_event_id, user_agent;
  std::string content_type, content_encoding, www_authenticate, location;
  bool has_authorization = false;
  bool upgrade = false;  // asks for (or agrees to) another protocol on this connection
};

class HttpHeadCollector {
 public:
  static constexpr std::size_t kMaxValue = 8U << 10;
  static constexpr unsigned kMaxHeaders = 256;

  void start();
  void target_piece(Bytes b);
  void name_piece(Bytes b);
  void value_piece(Bytes b);
  [[nodiscard]] bool end_of_header();  // false: too many
  [[nodiscard]] HttpHead& head() { return head_; }

 private:
  static constexpr std::size_t kMaxName = 32;  // longer than every name below

  HttpHead head_;
  std::string name_;
  std::string* value_ = nullptr;  // where the value being read goes; null: dropped
  bool name_read_ = false;
  unsigned headers_ = 0;
};

}  // namespace mcpvigil::frame
