// SPDX-License-Identifier: Apache-2.0
#include "frame/sniff.h"

#include <gtest/gtest.h>

namespace mcpvigil::frame {
namespace {

using namespace std::string_view_literals;

TEST(Sniff, TellsJsonByItsFirstBracketAfterBlanksAndByteOrderMark) {
  EXPECT_EQ(sniff("{"), Look::kJson);
  EXPECT_EQ(sniff("[{\"jsonrpc\""), Look::kJson);
  EXPECT_EQ(sniff(" \r\n\t{"), Look::kJson);
  EXPECT_EQ(sniff("\xEF\xBB\xBF{"), Look::kJson);
}

TEST(Sniff, NeedsMoreForBlanksAndForEveryPrefixOfAKnownStart) {
  for (const Bytes start : {"POST /"sv, "GET http"sv, "HTTP/1."sv, "PRI * HTTP/2.0"sv, "Content-Length:"sv,
                            "\x16\x03\x01"sv, "\xEF\xBB\xBF{"sv}) {
    for (std::size_t n = 0; n < start.size(); ++n) {
      EXPECT_EQ(sniff(start.substr(0, n)), Look::kNeedMore) << start << " cut at " << n;
    }
  }
  EXPECT_EQ(sniff("\r\n  "), Look::kNeedMore);
}

TEST(Sniff, TellsHttpRequestsByMethodAndTarget) {
  EXPECT_EQ(sniff("POST /mcp HTTP/1.1\r\n"), Look::kHttpRequest);
  EXPECT_EQ(sniff("GET http://proxy/x HTTP/1.1"), Look::kHttpRequest);
  EXPECT_EQ(sniff("OPTIONS * HTTP/1.1"), Look::kHttpRequest);
  EXPECT_EQ(sniff("CONNECT example.com:443 HTTP/1.1"), Look::kHttpRequest);
  EXPECT_EQ(sniff("GET ready, the server starts"), Look::kText);
  EXPECT_EQ(sniff("POSTGRES is up"), Look::kText);
}

TEST(Sniff, TellsResponsesHttp2TlsAndContentLengthFraming) {
  EXPECT_EQ(sniff("HTTP/1.1 200 OK"), Look::kHttpResponse);
  EXPECT_EQ(sniff("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Look::kHttp2);
  EXPECT_EQ(sniff("\x16\x03\x01\x02\x00"sv), Look::kTls);
  EXPECT_EQ(sniff("\x17\x03\x03\x00\x20"sv), Look::kTls);
  EXPECT_EQ(sniff("Content-Length: 20\r\n"), Look::kContentLength);
  EXPECT_EQ(sniff("content-type: application/vscode-jsonrpc\r\n"), Look::kContentLength);
}

TEST(Sniff, CallsEverythingElseText) {
  EXPECT_EQ(sniff("Server listening on stdio"), Look::kText);
  EXPECT_EQ(sniff("\x16\x04"), Look::kText);
  EXPECT_EQ(sniff("\xEF\xBBx"), Look::kText);
}

}  // namespace
}  // namespace mcpvigil::frame
