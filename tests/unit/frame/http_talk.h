// SPDX-License-Identifier: Apache-2.0
// HttpTalk: both lanes of a connection fed to an Http1Connection, the accounting law held after every call. And the
// text of HTTP messages.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "recording_listener.h"
#include "support/segmenter.h"

namespace mcpvigil::test {

inline const std::string kLastChunk = "0\r\n\r\n";

inline std::string head(const std::string& first_line, const std::vector<std::string>& headers) {
  std::string s = first_line + "\r\n";
  for (const std::string& h : headers) s += h + "\r\n";
  return s + "\r\n";
}

inline std::string post(const std::string& body) {
  return head("POST /mcp HTTP/1.1",
              {"Host: localhost", "Content-Type: application/json", "Content-Length: " + std::to_string(body.size())}) +
         body;
}

inline std::string reply(const std::string& body, std::vector<std::string> headers = {},
                         const std::string& type = "application/json") {
  headers.push_back("Content-Type: " + type);
  headers.push_back("Content-Length: " + std::to_string(body.size()));
  return head("HTTP/1.1 200 OK", headers) + body;
}

inline std::string chunk(const std::string& body) {
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", body.size());
  return size.data() + body + "\r\n";
}

inline std::string chunked(const std::string& body, std::size_t n) {
  std::string s;
  for (std::size_t i = 0; i < body.size(); i += n) s += chunk(body.substr(i, n));
  return s + kLastChunk;
}

class HttpTalk {
 public:
  explicit HttpTalk(base::StreamLimits limits = {}) : connection_(limits, seen) {}

  void say(frame::HttpSide side, std::string_view piece) {
    // No padding: the connection copies what it gives.
    const std::unique_ptr<char[]> exact(new char[piece.size()]);
    std::copy(piece.begin(), piece.end(), exact.get());
    connection_.feed(side, at(side), {exact.get(), piece.size()}, {++clock_});
    at(side) += piece.size();
    fed_ += piece.size();
    check();
  }
  void gap(frame::HttpSide side, std::uint64_t n) {
    connection_.gap(side, n, {++clock_});
    at(side) += n;
    check();
    EXPECT_EQ(buffered(side), 0U);
  }
  void finish() {
    connection_.finish(frame::HttpSide::kRequests, {++clock_});
    connection_.finish(frame::HttpSide::kResponses, {++clock_});
    check();
    EXPECT_EQ(seen.accounted, fed_);
  }
  void start_at(frame::HttpSide side, std::uint64_t pos) { at(side) = pos; }
  [[nodiscard]] std::uint64_t buffered(frame::HttpSide side) const { return connection_.buffered(side); }

  RecordingListener seen;

 private:
  std::uint64_t& at(frame::HttpSide side) { return pos_[static_cast<std::size_t>(side)]; }
  void check() const {
    ASSERT_EQ(seen.accounted + buffered(frame::HttpSide::kRequests) + buffered(frame::HttpSide::kResponses), fed_);
  }

  frame::Http1Connection connection_;
  std::array<std::uint64_t, 2> pos_{};
  std::uint64_t fed_ = 0, clock_ = 0;
};

// The talk fed whole, requests first; checked to be the same for every segmentation of either lane.
inline RecordingListener talk_of(std::string_view requests, std::string_view responses,
                                 base::StreamLimits limits = {}) {
  const auto run = [limits](const Segmentation& a, const Segmentation& b) {
    HttpTalk talk(limits);
    for (const std::string_view piece : a.pieces) talk.say(frame::HttpSide::kRequests, piece);
    for (const std::string_view piece : b.pieces) talk.say(frame::HttpSide::kResponses, piece);
    talk.finish();
    return talk.seen;
  };
  const RecordingListener whole = run({"whole", {requests}}, {"whole", {responses}});
  const auto expect_same = [&whole](const RecordingListener& seen, const std::string& how) {
    EXPECT_EQ(seen.texts(), whole.texts()) << how;
    EXPECT_EQ(seen.heads, whole.heads) << how;
    EXPECT_EQ(seen.skipped, whole.skipped) << how;
    for (std::size_t i = 0; i < seen.frames.size() && i < whole.frames.size(); ++i) {
      EXPECT_EQ(seen.frames[i].begin, whole.frames[i].begin) << how;
      EXPECT_EQ(seen.frames[i].wire_bytes, whole.frames[i].wire_bytes) << how;
      EXPECT_EQ(seen.frames[i].exchange, whole.frames[i].exchange) << how;
    }
  };
  for (const Segmentation& s : segmentations(requests))
    expect_same(run(s, {"whole", {responses}}), "requests, " + s.name);
  for (const Segmentation& s : segmentations(responses))
    expect_same(run({"whole", {requests}}, s), "responses, " + s.name);
  return whole;
}

}  // namespace mcpvigil::test
