// SPDX-License-Identifier: Apache-2.0
// Decoded: one JSON text and the operation it means.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "mcp/look_alike.h"
#include "mcp/operation.h"

namespace mcpvigil::mcp {

struct Decoded {
  explicit Decoded(std::string_view text) {
    buffer.append(text);
    const auto why = parser.parse(buffer.view(), [this](const jsonrpc::Message& m) {
      message = m;
      ++messages;
    });
    EXPECT_EQ(why, base::SkipReason::kCount) << text;
    EXPECT_EQ(messages, 1) << text;
    op = decode(message);
  }
  const Operation* operator->() const { return &op; }

  jsonrpc::Parser parser;
  base::PaddedBuffer buffer;
  jsonrpc::Message message;
  int messages = 0;
  Operation op;
};

// A request / notification / result with these params or result members.
inline std::string request(std::string_view method, std::string_view params = "{}") {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + R"(","params":)" + std::string(params) + "}";
}
inline std::string notification(std::string_view method, std::string_view params = "{}") {
  return R"({"jsonrpc":"2.0","method":")" + std::string(method) + R"(","params":)" + std::string(params) + "}";
}
inline std::string result(std::string_view value) {
  return R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(value) + "}";
}

inline constexpr std::string_view kInitialize =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
    R"("clientInfo":{"name":"demo","version":"1.2"}}})";
inline constexpr std::string_view kInitialized =
    R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},)"
    R"("serverInfo":{"name":"everything","version":"2.0"},"instructions":"Be kind."}})";

}  // namespace mcpvigil::mcp
