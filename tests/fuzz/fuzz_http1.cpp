// SPDX-License-Identifier: Apache-2.0
// Http1Connection: every byte of both lanes is accounted for, whatever is sent and lost.
// The input is a talk: a line "<<<" starts what the server says, ">>>" what the client says, "~~~" loses three bytes.
#include <cstdlib>

#include "../support/segmenter.h"
#include "../unit/frame/recording_listener.h"
#include "frame/http1_connection.h"

namespace {

using mcpvigil::frame::HttpSide;
using mcpvigil::test::RecordingListener;

void require(bool ok) {
  if (!ok) std::abort();
}

struct Talk {
  explicit Talk(std::uint64_t max_message) : connection(limits_of(max_message), seen) {}

  static mcpvigil::base::StreamLimits limits_of(std::uint64_t max_message) {
    mcpvigil::base::StreamLimits limits;
    limits.max_message = max_message;
    return limits;
  }
  void say(HttpSide side, std::string_view piece) {
    std::uint64_t& at = pos[static_cast<std::size_t>(side)];
    connection.feed(side, at, piece, {++clock});
    at += piece.size();
    fed += piece.size();
    check();
  }
  void lose(HttpSide side) {
    connection.gap(side, 3, {++clock});
    pos[static_cast<std::size_t>(side)] += 3;
    check();
  }
  void check() const {
    require(seen.accounted + connection.buffered(HttpSide::kRequests) + connection.buffered(HttpSide::kResponses) ==
            fed);
  }
  void finish() {
    connection.finish(HttpSide::kRequests, {++clock});
    connection.finish(HttpSide::kResponses, {++clock});
    require(seen.accounted == fed);
    std::size_t begun = 0, ended = 0;
    for (const std::string& h : seen.heads) {
      begun += h[0] == '>' ? 1U : 0U;
      ended += h[0] == '=' ? 1U : 0U;
    }
    require(ended >= begun);  // each request seen comes to an end
  }

  RecordingListener seen;
  mcpvigil::frame::Http1Connection connection;
  std::uint64_t pos[2] = {0, 0};
  std::uint64_t fed = 0, clock = 0;
};

RecordingListener run(std::string_view input, std::size_t piece) {
  Talk talk(5000);
  HttpSide side = HttpSide::kRequests;
  while (!input.empty()) {
    const std::size_t newline = std::min(input.find('\n'), input.size() - 1);
    const std::string_view line = input.substr(0, newline + 1);
    if (line == ">>>\n") {
      side = HttpSide::kRequests;
    } else if (line == "<<<\n") {
      side = HttpSide::kResponses;
    } else if (line == "~~~\n") {
      talk.lose(side);
    } else {
      for (std::size_t i = 0; i < line.size(); i += piece) talk.say(side, line.substr(i, piece));
    }
    input.remove_prefix(line.size());
  }
  talk.finish();
  return talk.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const RecordingListener lines = run(input, input.size() + 1);
  const RecordingListener bytes = run(input, 1);
  run(input, 5);
  // Same frames for the same exchanges. Compressed events are told apart by when they came, so only texts compare.
  require(lines.texts() == bytes.texts());
  require(lines.heads == bytes.heads);
  return 0;
}
