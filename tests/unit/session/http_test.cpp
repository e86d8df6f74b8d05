// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

class Http : public ::testing::Test {
 protected:
  Talk t;
  base::ProcessKey client = t.process(10, "/usr/bin/agent");
  base::ProcessKey server = t.process(20, "/usr/bin/server");

  // initialize over one connection; gives the channel.
  stream::Channel& handshake(const std::string& session_id, base::ProcessKey who) {
    auto& c = t.tcp(who, server);
    auto& e = t.post(c);
    t.asks(c, e, initialize("0"));
    t.head(c, e, 200, session_id);
    t.replies(c, e, initialized("0"));
    t.end(c, e);
    return c;
  }
};

TEST_F(Http, ASessionIdJoinsTwoConnections) {
  handshake("abc", client);
  auto& c2 = t.tcp(client, server);
  auto& e = t.post(c2);
  e.session_id = "abc";
  t.asks(c2, e, call("1", "echo"));
  t.replies(c2, e, content("1"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 4u);
  for (const Told& each : m) EXPECT_EQ(each.session, m[0].session);
  EXPECT_EQ(t.sessions.live_sessions(), 1u);
  EXPECT_EQ(m[3].transport, "tcp");
}

TEST_F(Http, ASessionIdJoinsTwoProcesses) {
  handshake("abc", client);
  auto worker = t.process(11, "/usr/bin/agent");
  auto& c2 = t.tcp(worker, server);
  auto& e = t.post(c2);
  e.session_id = "abc";
  t.asks(c2, e, call("1", "echo"));
  auto m = t.messages();
  EXPECT_EQ(m[2].session, m[0].session);
  EXPECT_EQ(m[2].client, 11u);
}

TEST_F(Http, TwoSessionIdsOfOneClientAreTwoSessionsWithTheSameIds) {
  auto& c1 = handshake("abc", client);
  auto& c2 = handshake("def", client);
  auto &e1 = t.post(c1), &e2 = t.post(c2);
  e1.session_id = "abc";
  e2.session_id = "def";
  t.asks(c1, e1, call("1", "one"));
  t.asks(c2, e2, call("1", "two"));
  t.replies(c2, e2, content("1"));
  t.replies(c1, e1, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 4u);
  EXPECT_EQ(c[2].tool, "two");
  EXPECT_EQ(c[3].tool, "one");
  EXPECT_NE(c[2].session, c[3].session);
}

TEST_F(Http, AResumedStreamMayAnswerOnAnotherConnection) {
  auto& c1 = handshake("abc", client);
  auto& e1 = t.post(c1);
  e1.session_id = "abc";
  t.asks(c1, e1, call("1", "slow"));
  t.head(c1, e1, 200);
  t.end(c1, e1, false);  // legacy: a lost connection is no cancellation
  t.close(c1);
  auto& c2 = t.tcp(client, server);
  auto& e2 = t.get(c2);
  e2.session_id = "abc";
  e2.last_event_id = "7";
  t.replies(c2, e2, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[1].tool, "slow");
  EXPECT_EQ(c[1].outcome, "ok");
}

TEST_F(Http, AServersRequestOnTheStreamIsAnsweredByPost) {
  auto& c1 = handshake("abc", client);
  auto &stream = t.get(c1), &post = t.post(t.tcp(client, server));
  stream.session_id = post.session_id = "abc";
  t.replies(c1, stream, request("1", "roots/list"));
  t.asks(t.tcp(client, server), post, result("1", R"({"roots":[]})"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[1].method, "roots/list");
  EXPECT_FALSE(c[1].to_server);
  EXPECT_EQ(c[1].client, 10u);
}

TEST_F(Http, HttpWithSseJoinsThePostsToTheStream) {
  auto& stream = t.tcp(client, server);
  auto& get = t.get(stream, "/sse");
  t.head(stream, get, 200);
  t.sessions.on_sse_endpoint(stream, get, "/messages/?session_id=f00d\n", {t.clock});
  auto& posts = t.tcp(client, server);
  auto& p0 = t.post(posts, "/messages/?session_id=f00d");
  t.asks(posts, p0, initialize("0"));
  t.head(posts, p0, 202);
  t.end(posts, p0);
  t.replies(stream, get, initialized("0"));
  auto& p1 = t.post(posts, "/messages/?session_id=f00d");
  t.asks(posts, p1, call("1", "echo"));
  t.head(posts, p1, 202);
  t.end(posts, p1);
  t.replies(stream, get, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[1].tool, "echo");
  EXPECT_EQ(c[1].outcome, "ok");
  EXPECT_EQ(c[0].session, c[1].session);
  EXPECT_EQ(t.sessions.live_sessions(), 1u);
}

TEST_F(Http, TwoHttpWithSseSessionsDoNotMix) {
  stream::Channel* streams[2];
  frame::HttpExchange* gets[2];
  const char* targets[2] = {"/messages/?session_id=aaa", "/messages/?session_id=bbb"};
  for (int i = 0; i < 2; ++i) {
    streams[i] = &t.tcp(client, server);
    gets[i] = &t.get(*streams[i], "/sse");
    t.sessions.on_sse_endpoint(*streams[i], *gets[i], targets[i], {t.clock});
  }
  auto& posts = t.tcp(client, server);
  t.asks(posts, t.post(posts, targets[0]), call("1", "one"));
  t.asks(posts, t.post(posts, targets[1]), call("1", "two"));
  t.replies(*streams[1], *gets[1], content("1"));
  t.replies(*streams[0], *gets[0], content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].tool, "two");
  EXPECT_EQ(c[1].tool, "one");
}

TEST_F(Http, AnEndpointWithoutASessionIdIsJoinedByItsPath) {
  auto& stream = t.tcp(client, server);
  auto& get = t.get(stream, "/sse");
  t.sessions.on_sse_endpoint(stream, get, "http://127.0.0.1:8000/rpc/1234", {t.clock});
  auto& posts = t.tcp(client, server);
  t.asks(posts, t.post(posts, "/rpc/1234"), call("1", "echo"));
  t.replies(stream, get, content("1"));
  ASSERT_EQ(t.calls().size(), 1u);
}

TEST_F(Http, WithoutSessionsAConversationIsWhoAsksWhomUntilItFallsSilent) {
  auto& c = t.tcp(client, server);
  auto& c2 = t.tcp(client, server);
  auto say = [&](stream::Channel& on, const char* id) {
    auto& e = t.post(on);
    t.asks(on, e, request(id, "tools/list", modern()));
    t.replies(on, e, result(id, R"({"tools":[]})"));
    t.end(on, e);
  };
  say(c, "1");
  say(c2, "1");  // keep-alive connections are used in turn
  t.wait(200'000);
  say(c, "2");
  t.wait(400'000);
  say(c, "3");
  auto calls = t.calls();
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[1].session, calls[0].session);
  EXPECT_EQ(calls[2].session, calls[0].session);
  EXPECT_NE(calls[3].session, calls[0].session);
  EXPECT_EQ(calls[0].era, "stateless");
  EXPECT_EQ(calls[0].version, "2026-07-28");
}

TEST_F(Http, ConcurrentExchangesMayUseTheSameId) {
  auto &c1 = t.tcp(client, server), &c2 = t.tcp(client, server);
  auto &e1 = t.post(c1), &e2 = t.post(c2);
  t.asks(c1, e1, request("1", "tools/call", modern(R"("name":"one")")));
  t.asks(c2, e2, request("1", "tools/call", modern(R"("name":"two")")));
  t.replies(c1, e1, content("1"));
  t.replies(c2, e2, content("1"));
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_EQ(c[0].tool, "one");
  EXPECT_EQ(c[1].tool, "two");
  EXPECT_TRUE(t.findings().empty());
}

TEST_F(Http, ClosingTheResponseStreamCancelsAStatelessCall) {
  auto& c = t.tcp(client, server);
  auto& e = t.post(c);
  t.asks(c, e, request("1", "tools/call", modern(R"("name":"slow")")));
  t.head(c, e, 200);
  t.end(c, e, false);
  ASSERT_EQ(t.calls().size(), 1u);
  EXPECT_EQ(t.calls()[0].outcome, "cancelled");
}

TEST_F(Http, ARefusalWithoutJsonIsAnError) {
  auto& c = t.tcp(client, server);
  auto& e = t.post(c);
  t.asks(c, e, request("1", "tools/list"));
  t.head(c, e, 401);
  t.end(c, e);
  ASSERT_EQ(t.calls().size(), 1u);
  EXPECT_EQ(t.calls()[0].outcome, "error");
  EXPECT_EQ(t.calls()[0].error, "HTTP 401");
  EXPECT_EQ(t.calls()[0].error_code, 401);
}

TEST_F(Http, DeleteEndsTheSession) {
  auto& c = handshake("abc", client);
  auto& e = t.post(c);
  e.method = "DELETE";
  e.session_id = "abc";
  t.head(c, e, 200);
  EXPECT_EQ(t.sessions.live_sessions(), 0u);
}

TEST_F(Http, NotFoundEndsTheSessionAndTheNextHandshakeIsAnother) {
  auto& c = handshake("abc", client);
  auto& e = t.post(c);
  e.session_id = "abc";
  t.asks(c, e, call("1", "echo"));
  t.head(c, e, 404);
  t.end(c, e);
  EXPECT_EQ(t.calls()[1].error, "HTTP 404");
  EXPECT_EQ(t.sessions.live_sessions(), 0u);
  handshake("def", client);
  auto m = t.messages();
  EXPECT_NE(m.back().session, m.front().session);
}

TEST_F(Http, AnInitializeWithoutASessionIdStartsAnew) {
  handshake("", client);
  handshake("", client);
  auto c = t.calls();
  ASSERT_EQ(c.size(), 2u);
  EXPECT_NE(c[0].session, c[1].session);
}

TEST_F(Http, ARemoteServerHasAnAddressAndAnIdentityFromItsName) {
  auto& c = t.remote(client);
  auto& e = t.post(c, "/mcp?key=secret");
  t.asks(c, e, request("1", "tools/list"));
  t.replies(c, e, result("1", R"({"tools":[]})"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 2u);
  EXPECT_EQ(m[0].server, 0u);
  EXPECT_EQ(m[0].server_id, remote_identity("https", "mcp.example.com", "/mcp").id);
  EXPECT_NE(m[0].line.find(R"("address":"192.0.2.7","port":443)"), std::string::npos);
  EXPECT_NE(m[0].line.find(R"("tls":true)"), std::string::npos);
  EXPECT_EQ(m[0].line.find("\"pid\":0"), std::string::npos);
}

TEST_F(Http, AClientOnAnotherHostIsKnownByItsAddressNotItsPort) {
  auto from = [&](std::uint16_t port, const char* id) {
    auto& c = t.tcp({}, server);
    c.a.remote = true;
    c.a.address = {4, {10, 9, 8, 7}, port};
    auto& e = t.post(c);
    t.asks(c, e, request(id, "tools/list", modern()));
  };
  from(1111, "1");
  from(2222, "2");
  auto m = t.messages();
  EXPECT_EQ(m[0].session, m[1].session);
  EXPECT_NE(m[0].line.find(R"("client":{"address":"10.9.8.7","port":1111)"), std::string::npos);
}

TEST_F(Http, AnAnswerWhoseRequestWasMissedIsTold) {
  auto& c = t.tcp(client, server);
  auto& e = t.post(c);
  e.request_seen = false;
  t.replies(c, e, content("5"));
  auto m = t.messages();
  ASSERT_EQ(m.size(), 1u);
  EXPECT_TRUE(m[0].unmatched);
  EXPECT_EQ(m[0].server, 20u);
}

TEST_F(Http, APostsResponseIsNotTakenForAnotherPostsAnswer) {
  auto& c = t.tcp(client, server);
  auto &e1 = t.post(c), &e2 = t.post(c);
  t.asks(c, e1, request("1", "tools/call", modern(R"("name":"one")")));
  t.replies(c, e2, content("1"));  // its request was in a gap
  EXPECT_TRUE(t.messages()[1].unmatched);
  EXPECT_TRUE(t.calls().empty());
}

}  // namespace
}  // namespace mcpvigil::session
