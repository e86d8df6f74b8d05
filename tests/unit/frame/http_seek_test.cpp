// SPDX-License-Identifier: Apache-2.0
#include "frame/http_seek.h"

#include <gtest/gtest.h>

#include <string>

namespace mcpvigil::frame {
namespace {

bool found_at(const HeadSearch& s, std::size_t at) { return s.found && s.at == at; }

TEST(FindHead, FindsALineBehindABodyThatEndsWithoutNewline) {
  EXPECT_TRUE(found_at(find_head("x\":1}HTTP/1.1 200 OK\r\n", HeadKind::kStatus), 5));
  EXPECT_TRUE(found_at(find_head("}}POST /mcp HTTP/1.1\r\n", HeadKind::kRequest), 2));
  EXPECT_TRUE(found_at(find_head("HTTP/1.0 404\n", HeadKind::kStatus), 0));
}

TEST(FindHead, KeepsEveryPrefixOfAHead) {
  const std::string request = "POST /mcp?x=1 HTTP/1.1\r\n", status = "HTTP/1.1 200 OK\r\n";
  for (std::size_t n = 0; n < request.size(); ++n) {
    const HeadSearch s = find_head("..." + request.substr(0, n), HeadKind::kRequest);
    EXPECT_FALSE(s.found);
    EXPECT_EQ(s.at, 3U) << n;
  }
  for (std::size_t n = 0; n < status.size(); ++n) {
    const HeadSearch s = find_head("..." + status.substr(0, n), HeadKind::kStatus);
    EXPECT_FALSE(s.found);
    EXPECT_EQ(s.at, 3U) << n;
  }
}

TEST(FindHead, TakesNoHeadQuotedInJsonForOne) {
  EXPECT_FALSE(find_head(R"({"t":"HTTP/1.1 200 OK\r\n"})", HeadKind::kStatus).found);
  EXPECT_FALSE(find_head(R"({"t":"GET / HTTP/1.1\r\nHost"})", HeadKind::kRequest).found);
}

TEST(FindHead, ForgetsACandidateThatGrowsTooLong) {
  EXPECT_EQ(find_head("GET /" + std::string(9000, 'a'), HeadKind::kRequest).at, 9005U);
  EXPECT_EQ(find_head("HTTP/1.1 200 " + std::string(300, 'a'), HeadKind::kStatus).at, 313U);
}

TEST(FindEventChunk, FindsAChunkThatBeginsBehindTheEndOfAnEvent) {
  EXPECT_TRUE(found_at(find_event_chunk("abc\n\n\r\n1a\r\ndata: {"), 7));
  EXPECT_TRUE(found_at(find_event_chunk("abc\r\n\r\n\r\n1A\r\nevent: m"), 9));
  EXPECT_TRUE(found_at(find_event_chunk("\n\n\r\n3\r\n:\n\n"), 4));
}

TEST(FindEventChunk, TakesNoChunkInsideAnEvent) {
  EXPECT_FALSE(find_event_chunk("data: {\n\r\n1a\r\ndata: }\n\r\n").found);
  EXPECT_FALSE(find_event_chunk("\n\n\r\nzz\r\ndata: {").found);
}

}  // namespace
}  // namespace mcpvigil::frame
