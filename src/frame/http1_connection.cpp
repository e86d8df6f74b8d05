// SPDX-License-Identifier: Apache-2.0
#include "frame/http1_connection.h"

#include "frame/http_lane.h"

namespace mcpvigil::frame {

struct Http1Connection::State {
  State(base::StreamLimits limits, HttpListener& out)
      : exchanges(out),
        requests(HttpSide::kRequests, limits, exchanges, out),
        responses(HttpSide::kResponses, limits, exchanges, out) {}

  HttpLane& lane(HttpSide side) { return side == HttpSide::kRequests ? requests : responses; }

  HttpExchanges exchanges;
  HttpLane requests, responses;
};

Http1Connection::Http1Connection(base::StreamLimits limits, HttpListener& out)
    : s_(std::make_unique<State>(limits, out)) {}
Http1Connection::~Http1Connection() = default;

void Http1Connection::feed(HttpSide side, std::uint64_t pos, Bytes bytes, Timestamp ts) {
  s_->lane(side).feed(pos, bytes, ts);
  if (side == HttpSide::kResponses && s_->responses.switched()) s_->requests.become_opaque();
}

void Http1Connection::gap(HttpSide side, std::uint64_t n, Timestamp ts) { s_->lane(side).gap(n, ts); }

void Http1Connection::finish(HttpSide side, Timestamp ts) {
  s_->lane(side).finish(ts);
  s_->exchanges.finish(side, ts);
}

std::uint64_t Http1Connection::buffered(HttpSide side) const { return s_->lane(side).buffered(); }

}  // namespace mcpvigil::frame
