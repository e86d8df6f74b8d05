// SPDX-License-Identifier: Apache-2.0
// A text cut anywhere gives no message: never one that was not sent.
#include <gtest/gtest.h>

#include <random>

#include "unit/jsonrpc/parsed.h"

namespace mcpvigil::jsonrpc {
namespace {

const std::string kTexts[] = {
    R"({"method":"tools/call","params":{"name":"echo","arguments":{"message":"h\u00ef \ud83d\ude00"}},"jsonrpc":"2.0","id":2})",
    R"({"result":{"content":[{"type":"text","text":"Echo: hi"}]},"jsonrpc":"2.0","id":2})",
    R"({"jsonrpc":"2.0","\u006dethod":"tools\/list","id":"x","params":{"_meta":{"a":123456789012345678901234567890}}})",
    R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"\""}}])",
    "{\"jsonrpc\":\"2.0\",\"method\":\"caf\xC3\xA9 \xF0\x9F\x98\x80\",\"params\":{\"a\":[true,false,null,1.5e3]}}",
};

TEST(Truncation, AtEveryByteGivesNothing) {
  Parsed p;
  for (const auto& text : kTexts) {
    p.give(text);
    ASSERT_TRUE(p.ok()) << text;
    for (std::size_t n = 0; n < text.size(); ++n) {
      p.give(std::string_view(text).substr(0, n));
      EXPECT_FALSE(p.ok()) << text.substr(0, n);
      EXPECT_TRUE(p.messages.empty()) << text.substr(0, n);
    }
  }
}

TEST(Truncation, FromTheFrontGivesNothing) {
  Parsed p;
  for (const auto& text : kTexts) {
    for (std::size_t n = 1; n < text.size(); ++n) {
      p.give(std::string_view(text).substr(n));
      // The tail of a message may be JSON (a number, an inner object), but is no message.
      EXPECT_TRUE(p.messages.empty()) << text.substr(n);
    }
  }
}

TEST(Truncation, WhatFollowsTheTextIsNotRead) {
  Parsed p;
  for (const auto& text : kTexts) {
    base::PaddedBuffer buffer;
    buffer.append(text + R"(,"method":"evil","id":9}]}}}"""""""")");
    for (std::size_t n = 0; n < text.size(); ++n) {
      p.messages.clear();
      p.why = p.parser.parse(buffer.view().substr(0, n), [&](const Message& m) { p.messages.push_back(m); });
      EXPECT_TRUE(p.messages.empty()) << text.substr(0, n);
    }
  }
}

TEST(Truncation, ChangedBytesNeverCrash) {
  std::mt19937 random(7);
  Parsed p;
  for (const auto& text : kTexts) {
    for (int round = 0; round < 2000; ++round) {
      std::string changed = text;
      for (int k = 0; k < 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
      p.give(changed);
      for (const auto& m : p.messages) {
        std::string id;
        m.id.append_json(id);
      }
    }
  }
}

}  // namespace
}  // namespace mcpvigil::jsonrpc
