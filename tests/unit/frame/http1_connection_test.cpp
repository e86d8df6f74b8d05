// SPDX-License-Identifier: Apache-2.0
#include "frame/http1_connection.h"

#include <gtest/gtest.h>

#include "compress.h"
#include "http_talk.h"

namespace mcpvigil::frame {
namespace {

using test::chunk;
using test::chunked;
using test::head;
using test::HttpTalk;
using test::kLastChunk;
using test::post;
using test::RecordingListener;
using test::reply;
using Strings = std::vector<std::string>;

const std::string kCall = R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})";
const std::string kResult = R"({"result":{"content":[]},"jsonrpc":"2.0","id":1})";
const std::string kOther = R"({"jsonrpc":"2.0","id":2,"method":"ping"})";
const std::string kEvents =
    "event: message\nid: 1\ndata: " + kResult + "\n\n: ping\n\nevent: message\ndata: " + kOther + "\n\n";

Strings texts(std::string_view requests, std::string_view responses, base::StreamLimits limits = {}) {
  return test::talk_of(requests, responses, limits).texts();
}

TEST(Http1Connection, GivesJsonBodiesOfRequestAndResponse) {
  const std::string request = post(kCall), response = reply(kResult);
  const auto seen = test::talk_of(request, response);
  EXPECT_EQ(seen.texts(), (Strings{kCall, kResult}));
  EXPECT_EQ(seen.frames[0].begin, request.size() - kCall.size());
  EXPECT_EQ(seen.frames[0].wire_bytes, kCall.size());
  EXPECT_EQ(seen.frames[0].framing, Framing::kHttp1);
  EXPECT_FALSE(seen.frames[0].is_response);
  EXPECT_TRUE(seen.frames[1].is_response);
  EXPECT_EQ(seen.skip(SkipReason::kProtocolFraming), request.size() + response.size() - kCall.size() - kResult.size());
  EXPECT_EQ(seen.heads, (Strings{"> 1 POST /mcp", "< 1 200", "= 1 complete"}));
}

TEST(Http1Connection, KeepsTheHeadersThatAreNamedAndNoOther) {
  const auto seen = test::talk_of(
      head("POST /mcp?x=1 HTTP/1.1",
           {"Host: localhost:3000", "Origin: http://evil", "mcp-session-id: s1", "MCP-Protocol-Version:2026-07-28",
            "Mcp-Method: tools/call", "mcp-NAME:  =?base64?YQ==?= ", "Last-Event-ID: 9", "User-Agent: node",
            "Authorization: Bearer secret", "Cookie: secret", "Content-Type: application/json", "Content-Length: 2"}) +
          "{}",
      head("HTTP/1.1 401 Unauthorized", {"Mcp-Session-Id: s2", "WWW-Authenticate: Bearer resource_metadata=\"x\"",
                                         "Location: /there", "Content-Length: 0"}));
  const HttpExchange& e = seen.exchanges.back();
  EXPECT_EQ(e.target, "/mcp?x=1");
  EXPECT_EQ(e.host, "localhost:3000");
  EXPECT_EQ(e.origin, "http://evil");
  EXPECT_EQ(e.session_id, "s1");
  EXPECT_EQ(e.response_session_id, "s2");
  EXPECT_EQ(e.protocol_version, "2026-07-28");
  EXPECT_EQ(e.mcp_method, "tools/call");
  EXPECT_EQ(e.mcp_name, "=?base64?YQ==?=");
  EXPECT_EQ(e.last_event_id, "9");
  EXPECT_EQ(e.user_agent, "node");
  EXPECT_EQ(e.content_type, "application/json");
  EXPECT_EQ(e.www_authenticate, "Bearer resource_metadata=\"x\"");
  EXPECT_EQ(e.location, "/there");
  EXPECT_EQ(e.status, 401);
  EXPECT_TRUE(e.has_authorization);
  EXPECT_TRUE(e.request_seen);
}

TEST(Http1Connection, TakesTheSessionIdOfTheResponseWhenTheRequestHasNone) {
  const auto seen = test::talk_of(post(kCall), reply(kResult, {"Mcp-Session-Id: s2"}));
  EXPECT_EQ(seen.exchanges.back().session_id, "s2");
}

TEST(Http1Connection, TakesChunkedBodiesBothWays) {
  const auto seen = test::talk_of(
      head("POST /mcp HTTP/1.1", {"Content-Type: application/json", "Transfer-Encoding: chunked"}) + chunked(kCall, 7),
      head("HTTP/1.1 200 OK", {"Content-Type: application/json", "Transfer-Encoding: chunked"}) +
          chunk(kResult.substr(0, 9)) + "5;ext=\"a\"\r\n" + kResult.substr(9, 5) + "\r\n" + chunk(kResult.substr(14)) +
          "0\r\nX-Trailer: 1\r\nContent-Type: text/plain\r\n\r\n" + reply(kOther));
  EXPECT_EQ(seen.texts(), (Strings{kCall, kResult, kOther}));
  EXPECT_EQ(seen.frames[0].wire_bytes, kCall.size());
}

TEST(Http1Connection, TakesAnyNumberOfTinyChunks) {
  const std::string body = "{\"a\":\"" + std::string(30'000, 'x') + "\"}";
  HttpTalk talk;
  talk.say(HttpSide::kResponses,
           head("HTTP/1.1 200 OK", {"Content-Type: application/json", "Transfer-Encoding: chunked"}));
  talk.say(HttpSide::kResponses, chunked(body, 1));
  EXPECT_EQ(talk.seen.texts(), Strings{body});
}

TEST(Http1Connection, FindsARequestBehindABareCarriageReturn) {
  EXPECT_EQ(texts("POST / HTTP/1.1\r\nA: b\r" + post(kCall), ""), Strings{kCall});
}

TEST(Http1Connection, TakesABodyThatLastsUntilTheConnectionCloses) {
  EXPECT_EQ(texts(post(kCall), head("HTTP/1.0 200 OK", {"Content-Type: application/json"}) + kResult),
            (Strings{kCall, kResult}));
}

TEST(Http1Connection, MatchesPipelinedRequestsInOrder) {
  const auto seen = test::talk_of(post(kCall) + head("GET /sse HTTP/1.1", {}) + post(kOther),
                                  reply(kResult) + head("HTTP/1.1 405 No", {"Content-Length: 0"}) + reply(kOther));
  EXPECT_EQ(seen.texts(), (Strings{kCall, kOther, kResult, kOther}));
  EXPECT_EQ(seen.frames[3].exchange, 3U);
  EXPECT_EQ(seen.heads, (Strings{"> 1 POST /mcp", "> 2 GET /sse", "> 3 POST /mcp", "< 1 200", "= 1 complete", "< 2 405",
                                 "= 2 complete", "< 3 200", "= 3 complete"}));
}

TEST(Http1Connection, KnowsResponsesWithoutABody) {
  const auto seen = test::talk_of(head("HEAD /mcp HTTP/1.1", {}) + post(kCall) + post(kCall) + post(kOther),
                                  head("HTTP/1.1 200 OK", {"Content-Length: 500", "Content-Type: application/json"}) +
                                      head("HTTP/1.1 204 No Content", {}) +
                                      head("HTTP/1.1 304 Not Modified", {"Content-Length: 77"}) + reply(kResult));
  EXPECT_EQ(seen.texts(), (Strings{kCall, kCall, kOther, kResult}));
  EXPECT_EQ(seen.frames[3].exchange, 4U);
}

TEST(Http1Connection, InterimResponsesAreNotTheAnswer) {
  const auto seen = test::talk_of(
      post(kCall), head("HTTP/1.1 100 Continue", {}) + head("HTTP/1.1 103 Early Hints", {"Link: x"}) + reply(kResult));
  EXPECT_EQ(seen.texts(), (Strings{kCall, kResult}));
  EXPECT_EQ(seen.heads, (Strings{"> 1 POST /mcp", "< 1 200", "= 1 complete"}));
}

TEST(Http1Connection, GivesOneFrameAServerSentEvent) {
  const std::string request = head("GET /mcp HTTP/1.1", {"Accept: text/event-stream"});
  const std::string response_head =
      head("HTTP/1.1 200 OK", {"Content-Type: text/event-stream; charset=utf-8", "Transfer-Encoding: chunked"});
  const auto seen = test::talk_of(request, response_head + chunked(kEvents, 20));
  EXPECT_EQ(seen.texts(), (Strings{kResult, kOther}));
  EXPECT_EQ(seen.frames[0].framing, Framing::kSse);
  EXPECT_EQ(seen.frames[0].sse_event, "message");
  EXPECT_EQ(seen.frames[0].sse_id, "1");
  EXPECT_EQ(seen.frames[0].begin, response_head.size() + 4);
  EXPECT_EQ(seen.frames[1].wire_bytes, std::string("event: message\ndata: \n\n").size() + kOther.size());
  EXPECT_EQ(seen.heads.back(), "= 1 complete");
}

TEST(Http1Connection, GivesTheEndpointEventOfTheOldTransport) {
  const auto seen = test::talk_of(head("GET /sse HTTP/1.1", {}),
                                  head("HTTP/1.1 200 OK", {"content-type: text/event-stream", "connection: close"}) +
                                      "event: endpoint\r\ndata: /messages/?session_id=ab\r\n\r\n");
  ASSERT_EQ(seen.frames.size(), 1U);
  EXPECT_EQ(seen.frames[0].text, "/messages/?session_id=ab");
  EXPECT_EQ(seen.frames[0].sse_event, "endpoint");
}

TEST(Http1Connection, SkipsOtherBodiesWithoutKeepingThem) {
  HttpTalk talk;
  talk.say(HttpSide::kRequests, head("GET / HTTP/1.1", {}));
  talk.say(HttpSide::kResponses, head("HTTP/1.1 200 OK", {"Content-Type: text/html", "Content-Length: 1000"}));
  talk.say(HttpSide::kResponses, std::string(500, 'x'));
  EXPECT_EQ(talk.buffered(HttpSide::kResponses), 0U);
  EXPECT_EQ(talk.seen.skip(SkipReason::kHttpOther), 500U);
}

TEST(Http1Connection, TakesAnUntypedBodyForJsonWhenItStartsSo) {
  const std::string ok =
      head("HTTP/1.1 200 OK", {"Content-Length: " + std::to_string(kResult.size() + 3)}) + " \r\n" + kResult;
  const auto seen = test::talk_of(post(kCall) + post(kOther) + post(kOther) + post(kOther),
                                  ok + head("HTTP/1.1 202 Accepted", {"Content-Length: 8"}) + "Accepted" +
                                      head("HTTP/1.1 200 OK", {"Content-Length: 3"}) + " \n " +
                                      reply(kResult, {"X: y"}, "application/problem+json"));
  EXPECT_EQ(seen.texts(), (Strings{kCall, kOther, kOther, kOther, " \r\n" + kResult, kResult}));
  EXPECT_EQ(seen.skip(SkipReason::kHttpOther), 8U);
  EXPECT_EQ(seen.skip(SkipReason::kBlank), 3U);
}

TEST(Http1Connection, UndoesEachContentEncoding) {
  for (const test::Coding& coding : test::codings()) {
    const std::string body = test::joined(coding.encode({kResult + std::string(500, ' ')}));
    const auto seen = test::talk_of(post(kCall), reply(body, {"Content-Encoding: " + coding.header}));
    EXPECT_EQ(seen.texts(), (Strings{kCall, kResult + std::string(500, ' ')})) << coding.name;
    EXPECT_EQ(seen.frames.back().wire_bytes, body.size()) << coding.name;
  }
}

TEST(Http1Connection, GivesEventsOfACompressedStreamAsTheyAreFlushed) {
  for (const test::Coding& coding : test::codings()) {
    HttpTalk talk;
    talk.say(HttpSide::kRequests, head("GET /mcp HTTP/1.1", {}));
    talk.say(HttpSide::kResponses,
             head("HTTP/1.1 200 OK", {"Content-Type: text/event-stream", "Content-Encoding: " + coding.header,
                                      "Transfer-Encoding: chunked"}));
    const auto pieces = coding.encode({"data: " + kResult + "\n\n", "data: " + kOther + "\n\n", ": bye\n\n"});
    talk.say(HttpSide::kResponses, chunk(pieces[0]));
    EXPECT_EQ(talk.seen.texts(), Strings{kResult}) << coding.name;
    talk.say(HttpSide::kResponses, chunk(pieces[1]));
    EXPECT_EQ(talk.seen.texts(), (Strings{kResult, kOther})) << coding.name;
    EXPECT_EQ(talk.seen.frames[1].wire_bytes, pieces[1].size()) << coding.name;
    talk.say(HttpSide::kResponses, chunk(pieces[2]) + kLastChunk);
    talk.finish();
    EXPECT_EQ(talk.seen.heads.back(), "= 1 complete");
  }
}

TEST(Http1Connection, ReportsBadEncodingAndBombs) {
  EXPECT_EQ(test::talk_of(post(kCall), reply(kResult, {"Content-Encoding: gzip"})).skip(SkipReason::kBadEncoding),
            kResult.size());
  EXPECT_EQ(test::talk_of(post(kCall), reply("abc", {"Content-Encoding: unheard-of"})).skip(SkipReason::kBadEncoding),
            3U);
  base::StreamLimits limits;
  limits.max_message = 1000;
  const std::string inflates = test::joined(test::codings()[0].encode({"{\"a\":\"" + std::string(5000, 'x') + "\"}"}));
  const auto seen = test::talk_of(post(kCall), reply(inflates, {"Content-Encoding: gzip"}) + reply(kResult), limits);
  EXPECT_EQ(seen.skip(SkipReason::kBomb), inflates.size());
  EXPECT_EQ(seen.texts(), (Strings{kCall, kResult}));
}

TEST(Http1Connection, ATruncatedCompressedBodyIsBadEncoding) {
  const std::string body = test::joined(test::codings()[0].encode({kResult}));
  const auto seen = test::talk_of(post(kCall), reply(body.substr(0, body.size() - 4), {"Content-Encoding: gzip"}));
  EXPECT_EQ(seen.texts(), Strings{kCall});
  EXPECT_EQ(seen.skip(SkipReason::kBadEncoding), body.size() - 4);
}

TEST(Http1Connection, SkipsATooLargeBodyAndGivesTheNext) {
  base::StreamLimits limits;
  limits.max_message = 60;
  const std::string large = "{\"a\":\"" + std::string(100, 'x') + "\"}";
  const auto seen = test::talk_of(post(large) + post(kCall), reply(kResult), limits);
  EXPECT_EQ(seen.texts(), (Strings{kCall, kResult}));
  EXPECT_EQ(seen.skip(SkipReason::kTooLarge), large.size());
}

TEST(Http1Connection, SkipsABodyTheBudgetRefuses) {
  base::MemoryBudget budget(100);
  base::StreamLimits limits;
  limits.budget = &budget;
  EXPECT_EQ(test::talk_of(post(kCall), "", limits).skip(SkipReason::kMemoryCap), kCall.size());
  EXPECT_EQ(budget.used(), 0U);
}

TEST(Http1Connection, EverythingAfterAnUpgradeIsNotHttp) {
  const auto seen = test::talk_of(
      head("GET /ws HTTP/1.1", {"Connection: Upgrade", "Upgrade: websocket"}),
      head("HTTP/1.1 101 Switching Protocols", {"Connection: Upgrade", "Upgrade: websocket"}) + "\x81\x05hello");
  EXPECT_EQ(seen.skip(SkipReason::kHttpOther), 7U);
  EXPECT_EQ(seen.heads, (Strings{"> 1 GET /ws", "< 1 101", "= 1 complete"}));
}

TEST(Http1Connection, BothSidesAreOpaqueAfterConnect) {
  HttpTalk talk;
  talk.say(HttpSide::kRequests, head("CONNECT example.com:443 HTTP/1.1", {"Host: example.com"}));
  talk.say(HttpSide::kResponses, head("HTTP/1.1 200 Connection established", {}));
  talk.say(HttpSide::kRequests, post(kCall));
  talk.say(HttpSide::kResponses, reply(kResult));
  talk.finish();
  EXPECT_TRUE(talk.seen.frames.empty());
  EXPECT_EQ(talk.seen.skip(SkipReason::kHttpOther), post(kCall).size() + reply(kResult).size());
}

TEST(Http1Connection, ADeclinedUpgradeStaysHttp) {
  // Java's client offers h2c on its first request, with a body.
  const std::string offer = head("POST /mcp HTTP/1.1", {"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                                                        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
                                                        "Content-Type: application/json",
                                                        "Content-Length: " + std::to_string(kCall.size())}) +
                            kCall;
  EXPECT_EQ(texts(offer + post(kOther), reply(kResult) + reply(kResult)), (Strings{kCall, kOther, kResult, kResult}));
}

TEST(Http1Connection, ResynchronisesAtTheNextHeadAfterMalformedHttp) {
  const Strings broken = {
      "POST /mcp HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",
      "POST /mcp HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
      "POST /mcp HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":1}\r\n",
      "POST /mcp HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /mcp HTTP/1.1\r\nbad header\r\n\r\n",
      "POST /mcp HTTP/9.9\r\n\r\n",
      "GETX / HTTP/1.1\r\n\r\n",
      std::string("\x00\x01\x02rubbish", 10),
      post(kCall).replace(post(kCall).find("Content-Length: ") + 16, 2, "9"),  // shorter than the body is
  };
  for (const std::string& b : broken) {
    const auto seen = test::talk_of(post(kCall) + b + post(kOther) + post(kCall), "");
    EXPECT_EQ(seen.frames.front().text, kCall) << b;
    ASSERT_GE(seen.frames.size(), 3U) << b;
    EXPECT_EQ(seen.frames[seen.frames.size() - 2].text, kOther) << b;
    EXPECT_EQ(seen.frames.back().text, kCall) << b;
    EXPECT_GT(seen.skip(SkipReason::kMalformedHttp), 0U) << b;
  }
}

TEST(Http1Connection, RefusesAHeadThatNeverEnds) {
  const std::string many = "POST /mcp HTTP/1.1\r\n" + [] {
    std::string s;
    for (int i = 0; i < 300; ++i) s += "X-" + std::to_string(i) + ": 1\r\n";
    return s;
  }() + "\r\n";
  const std::string large = head("POST /mcp HTTP/1.1", {"X: " + std::string(70'000, 'x')});
  for (const std::string& flood : {many, large}) {
    HttpTalk talk;
    for (const std::string_view piece : test::in_pieces_of(flood, 1000).pieces) {
      talk.say(HttpSide::kRequests, piece);
      EXPECT_LE(talk.buffered(HttpSide::kRequests), 65U << 10);
    }
    talk.say(HttpSide::kRequests, post(kCall));
    talk.finish();
    EXPECT_EQ(talk.seen.texts(), Strings{kCall});
    EXPECT_EQ(talk.seen.heads.front(), "> 1 POST /mcp");
    EXPECT_GT(talk.seen.skip(SkipReason::kMalformedHttp), 0U);
  }
}

TEST(Http1Connection, StartsInTheMiddleOfABody) {
  HttpTalk talk;
  talk.start_at(HttpSide::kResponses, 5000);
  talk.say(HttpSide::kResponses, "\"text\":\"HTTP/1.1 200 OK\\r\\n\"}}");
  talk.say(HttpSide::kResponses, reply(kResult));
  talk.say(HttpSide::kRequests, post(kOther));
  talk.say(HttpSide::kResponses, reply(kOther));
  talk.finish();
  EXPECT_EQ(talk.seen.texts(), (Strings{kResult, kOther, kOther}));
  EXPECT_TRUE(talk.seen.frames[0].after_gap);
  EXPECT_FALSE(talk.seen.exchanges[0].request_seen);
  EXPECT_EQ(talk.seen.frames[1].exchange, 2U);
  EXPECT_EQ(talk.seen.frames[2].exchange, 2U);
}

TEST(Http1Connection, AResponseAfterAGapAnswersTheLastRequest) {
  HttpTalk talk;
  talk.say(HttpSide::kRequests, post(kCall));
  talk.gap(HttpSide::kResponses, 100);  // the whole first response
  talk.say(HttpSide::kRequests, post(kOther));
  talk.say(HttpSide::kResponses, reply(kResult));
  talk.finish();
  EXPECT_EQ(talk.seen.heads, (Strings{"> 1 POST /mcp", "> 2 POST /mcp", "= 1 cut", "< 2 200", "= 2 complete"}));
}

TEST(Http1Connection, AnEventStreamGoesOnAfterAGap) {
  const std::string request = head("GET /mcp HTTP/1.1", {});
  const std::string response =
      head("HTTP/1.1 200 OK", {"Content-Type: text/event-stream", "Transfer-Encoding: chunked"});
  for (const std::string eol : {"\n", "\r\n"}) {
    const std::string event = chunk("data: " + kOther + eol + eol);
    HttpTalk talk;
    talk.say(HttpSide::kRequests, request);
    talk.say(HttpSide::kResponses, response + event + event.substr(0, 20));
    talk.gap(HttpSide::kResponses, 10);
    talk.say(HttpSide::kResponses, event.substr(30) + event + event + kLastChunk + reply(kResult));
    talk.finish();
    EXPECT_EQ(talk.seen.texts(), (Strings{kOther, kOther, kOther, kResult}));
    EXPECT_TRUE(talk.seen.frames[1].after_gap);
    EXPECT_EQ(talk.seen.frames[2].exchange, 1U);
    EXPECT_EQ(talk.seen.heads[2], "= 1 complete");
  }
}

TEST(Http1Connection, TakesUpAnEventStreamMetInItsMiddle) {
  const std::string event = chunk("data: " + kOther + "\n\n");
  HttpTalk talk;
  talk.start_at(HttpSide::kResponses, 70'000);
  talk.say(HttpSide::kResponses, event.substr(9));
  for (const std::string_view piece : test::in_pieces_of(event, 1).pieces) talk.say(HttpSide::kResponses, piece);
  talk.finish();
  EXPECT_EQ(talk.seen.texts(), Strings{kOther});
  EXPECT_TRUE(talk.seen.frames[0].after_gap);
  EXPECT_FALSE(talk.seen.exchanges[0].request_seen);
  EXPECT_EQ(talk.seen.heads, (Strings{"< 1 0", "= 1 cut"}));
}

TEST(Http1Connection, AnEventStreamThatLastsUntilCloseGoesOnAfterAGap) {
  HttpTalk talk;
  talk.say(HttpSide::kRequests, head("GET /sse HTTP/1.1", {}));
  talk.say(HttpSide::kResponses, head("HTTP/1.0 200 OK", {"Content-Type: text/event-stream"}) + "data: {\"a\"");
  talk.gap(HttpSide::kResponses, 2);
  talk.say(HttpSide::kResponses, "}\n\ndata: " + kOther + "\n\n");
  talk.finish();
  EXPECT_EQ(talk.seen.texts(), Strings{kOther});
}

TEST(Http1Connection, AConnectionCutInAResponseSaysSo) {
  HttpTalk talk;
  talk.say(HttpSide::kRequests, post(kCall) + post(kOther));
  const std::string response = reply(kResult);
  talk.say(HttpSide::kResponses, response.substr(0, response.size() - 5));
  talk.finish();
  EXPECT_EQ(talk.seen.heads, (Strings{"> 1 POST /mcp", "> 2 POST /mcp", "< 1 200", "= 1 cut", "= 2 cut"}));
  EXPECT_EQ(talk.seen.skip(SkipReason::kUnfinished), kResult.size() - 5);
}

TEST(Http1Connection, AnExchangeEndsAfterItsRequestWasRead) {
  HttpTalk talk;
  const std::string request = post(kCall);
  talk.say(HttpSide::kRequests, request.substr(0, request.size() - 5));
  talk.say(HttpSide::kResponses, reply(kResult));
  EXPECT_EQ(talk.seen.heads.back(), "< 1 200");
  talk.say(HttpSide::kRequests, request.substr(request.size() - 5));
  EXPECT_EQ(talk.seen.heads.back(), "= 1 complete");
  EXPECT_EQ(talk.seen.texts(), (Strings{kResult, kCall}));
}

TEST(Http1Connection, ExchangesWithoutAnswerAreBounded) {
  HttpTalk talk;
  for (int i = 0; i < 1030; ++i) talk.say(HttpSide::kRequests, head("GET / HTTP/1.1", {}));
  EXPECT_EQ(std::count(talk.seen.heads.begin(), talk.seen.heads.end(), "= 6 cut"), 1);
  EXPECT_EQ(std::count(talk.seen.heads.begin(), talk.seen.heads.end(), "= 7 cut"), 0);
}

TEST(Http1Connection, HeadersOfExchangesWithoutAnswerAreBounded) {
  HttpTalk talk;
  const std::string value(8000, 'x');
  for (int i = 0; i < 200; ++i) {
    talk.say(HttpSide::kRequests,
             head("GET / HTTP/1.1", {"Host: " + value, "Origin: " + value, "User-Agent: " + value}));
  }
  EXPECT_GT(std::count(talk.seen.heads.begin(), talk.seen.heads.end(), "= 100 cut"), 0);
}

// Bytes go missing everywhere: what is given was sent, for the exchange it was sent in, and the lane finds back.
TEST(Http1Connection, AGapAnywhereNeitherGluesNorInventsBodies) {
  const std::string requests = post(kCall) + post(kOther) + head("GET /mcp HTTP/1.1", {}) + post(kCall);
  const std::string responses =
      reply(kResult) + head("HTTP/1.1 200 OK", {"Content-Type: application/json", "Transfer-Encoding: chunked"}) +
      chunked(kResult, 30) +
      head("HTTP/1.1 200 OK", {"Content-Type: text/event-stream", "Transfer-Encoding: chunked"}) +
      chunk("data: " + kResult + "\n\n") + chunk("data: " + kOther + "\n\n") + kLastChunk + reply(kResult);
  const Strings sent = {kCall, kOther, kResult};
  for (const HttpSide side : {HttpSide::kRequests, HttpSide::kResponses}) {
    const std::string& lane = side == HttpSide::kRequests ? requests : responses;
    for (const std::size_t n : {1U, 7U, 90U}) {
      for (std::size_t at = 0; at + n <= lane.size(); ++at) {
        HttpTalk talk;
        talk.say(HttpSide::kRequests, side == HttpSide::kRequests ? lane.substr(0, at) : requests);
        if (side == HttpSide::kResponses) talk.say(side, lane.substr(0, at));
        talk.gap(side, n);
        talk.say(side, lane.substr(at + n));
        if (side == HttpSide::kRequests) talk.say(HttpSide::kResponses, responses);
        talk.finish();
        for (const test::SeenFrame& f : talk.seen.frames) {
          EXPECT_NE(std::find(sent.begin(), sent.end(), f.text), sent.end())
              << "gap of " << n << " at " << at << ": " << f.text;
        }
        if (at + n + reply(kResult).size() <= lane.size()) {
          EXPECT_EQ(talk.seen.texts().back(), kResult) << "gap of " << n << " at " << at;
        }
      }
    }
  }
}

}  // namespace
}  // namespace mcpvigil::frame
