// SPDX-License-Identifier: Apache-2.0
// The very code the kernel runs on every chunk of an ignored stream (wire/sniff.h).
#include "mcpvigil/wire/sniff.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

namespace {

bool starts(std::string_view s) {
  char b[MV_SNIFF_BYTES] = {};
  std::memcpy(b, s.data(), std::min(s.size(), sizeof b));
  return mv_message_start(b) != 0;
}

TEST(WireSniff, JsonAfterBlanksOrAMark) {
  for (const std::string_view s : {"{", "{\"jsonrpc\":\"2.0\"}", "[", "[{", " {", "\n{", "\r\n\t {", "       {",
                                   "\xef\xbb\xbf{", "\xef\xbb\xbf\n[", "\n\n\n\n\n\n\n{"}) {
    EXPECT_TRUE(starts(s)) << s;
  }
}

TEST(WireSniff, HttpHeads) {
  for (const std::string_view s :
       {"POST /mcp HTTP/1.1\r\n", "GET /sse HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "POS", "GET", "HTT"})
    EXPECT_TRUE(starts(s)) << s;
}

TEST(WireSniff, OtherBytes) {
  for (const std::string_view s : {"", " ", "        {", "hello {", "Content-Length: 5", "PUT /", "Gone", "Hello", "P",
                                   "G", "H", "12", "\"text\"", "\x16\x03\x01", "}"}) {
    EXPECT_FALSE(starts(s)) << s;
  }
  EXPECT_FALSE(starts(std::string_view("\0{", 2)));
}

TEST(WireSniff, EveryByteAlone) {
  for (int c = 0; c < 256; ++c) {
    const char b[MV_SNIFF_BYTES] = {static_cast<char>(c)};
    EXPECT_EQ(mv_message_start(b) != 0, c == '{' || c == '[') << c;
  }
}

TEST(WireSniff, TlsRecords) {
  const auto tls = [](unsigned char a, unsigned char b, unsigned char c) {
    const char h[3] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
    return mv_tls_record(h) != 0;
  };
  for (unsigned char type = 0x14; type <= 0x17; ++type) {
    EXPECT_TRUE(tls(type, 3, 1));
    EXPECT_TRUE(tls(type, 3, 3));
  }
  EXPECT_FALSE(tls(0x13, 3, 3));
  EXPECT_FALSE(tls(0x18, 3, 3));
  EXPECT_FALSE(tls(0x16, 2, 0));
  EXPECT_FALSE(tls(0x16, 3, 5));
  EXPECT_FALSE(tls('{', '"', 'j'));
}

}  // namespace
