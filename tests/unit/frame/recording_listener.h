// SPDX-License-Identifier: Apache-2.0
// RecordingListener: keeps what a framer gave, and adds up the bytes it accounted for.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "frame/http1_connection.h"

namespace mcpvigil::test {

struct SeenFrame {
  std::string text;
  std::uint64_t begin = 0;
  std::uint64_t wire_bytes = 0;
  bool after_gap = false;
  frame::Framing framing = frame::Framing::kUnknown;
  std::string sse_event, sse_id;
  std::uint64_t exchange = 0;
  bool is_response = false;
  std::uint64_t first_ns = 0, last_ns = 0;
};

class RecordingListener : public frame::HttpListener {
 public:
  void on_frame(const frame::Frame& f) override {
    SeenFrame s;
    s.text = std::string(f.text);
    s.begin = f.begin;
    s.wire_bytes = f.wire_bytes;
    s.after_gap = f.after_gap;
    s.framing = f.framing;
    if (f.sse != nullptr) {
      s.sse_event = std::string(f.sse->event);
      s.sse_id = std::string(f.sse->id);
    }
    if (f.http != nullptr) s.exchange = f.http->id;
    s.is_response = f.is_http_response;
    s.first_ns = f.first.ns;
    s.last_ns = f.last.ns;
    // A JSON parser will read the padding: let the sanitizer see that it may.
    for (std::size_t i = 0; i < base::kPadding; ++i) padding_sum_ = padding_sum_ + f.text.data()[f.text.size() + i];
    accounted += f.wire_bytes;
    frames.push_back(std::move(s));
  }
  void on_skip(base::SkipReason why, std::uint64_t n) override {
    skipped[static_cast<std::size_t>(why)] += n;
    accounted += n;
  }
  void on_request_head(const frame::HttpExchange& e, base::Timestamp) override {
    heads.push_back("> " + std::to_string(e.id) + " " + e.method + " " + e.target);
    exchanges.push_back(e);
  }
  void on_response_head(const frame::HttpExchange& e, base::Timestamp) override {
    heads.push_back("< " + std::to_string(e.id) + " " + std::to_string(e.status));
    exchanges.push_back(e);
  }
  void on_exchange_end(const frame::HttpExchange& e, bool complete, base::Timestamp) override {
    heads.push_back("= " + std::to_string(e.id) + (complete ? " complete" : " cut"));
  }

  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const SeenFrame& f : frames) all.push_back(f.text);
    return all;
  }
  [[nodiscard]] std::uint64_t skip(base::SkipReason why) const { return skipped[static_cast<std::size_t>(why)]; }

  std::vector<SeenFrame> frames;
  std::vector<std::string> heads;
  std::vector<frame::HttpExchange> exchanges;  // as they were at each head
  std::array<std::uint64_t, static_cast<std::size_t>(base::SkipReason::kCount)> skipped{};
  std::uint64_t accounted = 0;

 private:
  volatile int padding_sum_ = 0;
};

}  // namespace mcpvigil::test
