// SPDX-License-Identifier: Apache-2.0
// Whole conversations: what a channel is in the end, and that nobody can talk it out of that.
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

using State = Classifier::State;

// Feeds texts as the pipeline does: messages are decoded, other JSON is looked at.
class Talk {
 public:
  Talk& say(std::string_view text) {
    base::PaddedBuffer buffer;
    buffer.append(text);
    const auto why = parser_.parse(buffer.view(), [this](const jsonrpc::Message& m) { classifier.observe(decode(m)); });
    if (why == base::SkipReason::kNotJsonRpc) classifier.observe_look_alike(look_alike(*parser_.document()).protocol);
    return *this;
  }
  Talk& say(std::initializer_list<std::string> texts) {
    for (const auto& t : texts) say(t);
    return *this;
  }
  [[nodiscard]] State state() const { return classifier.state(); }
  Classifier classifier;

 private:
  jsonrpc::Parser parser_;
};

const std::string kToolsReply = result(R"({"tools":[{"name":"a","inputSchema":{}}]})");
const std::string kContentReply = result(R"({"content":[{"type":"text","text":"x"}]})");
const std::string kAcpInitialize =
    request("initialize", R"({"protocolVersion":1,"clientCapabilities":{},"clientInfo":{"name":"zed","version":"1"}})");
const std::string kAcpInitialized = result(R"({"protocolVersion":1,"agentCapabilities":{},"authMethods":[]})");
const std::string kModernCall =
    request("tools/call", R"({"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})");

TEST(Classifier, ADecisiveMessageDecidesAlone) {
  EXPECT_EQ(Talk().say(kInitialize).state(), State::kMcp);
  EXPECT_EQ(Talk().say(kInitialized).state(), State::kMcp);
  EXPECT_EQ(Talk().say(request("server/discover")).state(), State::kMcp);
  EXPECT_EQ(Talk().say(kModernCall).state(), State::kMcp);
  EXPECT_EQ(Talk().classifier.observe_decisive(), State::kMcp);
}

TEST(Classifier, TwoDistinctStrongMarksDecideAndOneTwiceDoesNot) {
  Talk t;
  EXPECT_EQ(t.say(request("tools/list")).state(), State::kCandidate);
  EXPECT_EQ(t.say(request("tools/list")).state(), State::kCandidate);
  EXPECT_EQ(t.say(request("resources/list")).state(), State::kMcp);
  EXPECT_EQ(Talk().say({request("tools/call", R"({"name":"x"})"), kContentReply}).state(), State::kMcp)
      << "a request and its matching answer";
  EXPECT_EQ(Talk().say({kToolsReply, kContentReply}).state(), State::kMcp);
}

TEST(Classifier, WhatIsWorthNothingNeverDecides) {
  Talk t;
  for (int i = 0; i < 50; ++i) {
    t.say({request("ping"), result("{}"), notification("notifications/progress", R"({"progressToken":1})"),
           notification("notifications/cancelled"), notification("notifications/message"),
           notification("notifications/initialized"), request("tasks/get", R"({"taskId":"t"})"), request("tasks/list"),
           request("elicitation/create"), request("initialize"), request("vendor/unknown")});
  }
  EXPECT_EQ(t.state(), State::kUnknown);
}

TEST(Classifier, McpIsFinalWhateverComesLater) {
  Talk t;
  t.say(kInitialize);
  t.say({kAcpInitialize, kAcpInitialized, request("session/new"), request("textDocument/hover"),
         request("message/send"), request("eth_call", "[1]"), R"({"id":1,"method":"thread/start"})",
         R"({"type":"control_request","request":{}})", request("some/unknown"), R"({"method":"x"})"});
  EXPECT_EQ(t.state(), State::kMcp);
  EXPECT_EQ(t.classifier.other_protocol(), "");
  EXPECT_EQ(t.classifier.contradictions(), 9U) << "each veto is told, none is obeyed";
}

TEST(Classifier, AnAcpConversationNeverBecomesMcp) {
  Talk t;
  t.say({kAcpInitialize, kAcpInitialized,
         request("session/new", R"({"cwd":"/","mcpServers":[{"name":"a","command":"b"}]})"),
         result(R"({"sessionId":"s"})"), request("session/prompt"), notification("session/update"),
         request("elicitation/create", R"({"message":"?"})"), result(R"({"action":"accept"})"),
         request("fs/read_text_file"), result(R"({"content":"text"})")});
  EXPECT_EQ(t.state(), State::kOther);
  EXPECT_EQ(t.classifier.other_protocol(), "acp");
}

TEST(Classifier, McpAnswersTunnelledThroughAcpDoNotMakeItMcp) {
  Talk t;
  t.say(
      {kAcpInitialize, kAcpInitialized, request("mcp/connect"), result(R"({"connectionId":"c"})"),
       request(
           "mcp/message",
           R"({"connectionId":"c","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x"}}})"),
       std::string(kInitialized),
       request(
           "mcp/message",
           R"({"connectionId":"c","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})"),
       kToolsReply, kContentReply,
       result(R"({"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}},"supportedVersions":["2026-07-28"]})")});
  EXPECT_EQ(t.state(), State::kOther);
  EXPECT_EQ(t.classifier.other_protocol(), "acp");
}

TEST(Classifier, LspA2aEthereumDapAndClaudeNeverBecomeMcp) {
  const struct {
    std::string_view protocol;
    std::initializer_list<std::string> texts;
  } table[] = {
      {"lsp",
       {request(
            "initialize",
            R"({"processId":1,"rootUri":"file:///","capabilities":{},"clientInfo":{"name":"nvim","version":"0.10"}})"),
        result(R"({"capabilities":{"hoverProvider":true},"serverInfo":{"name":"clangd","version":"19"}})"),
        notification("initialized"), request("textDocument/completion"), notification("$/cancelRequest"),
        request("shutdown")}},
      {"a2a",
       {request("message/send", R"({"message":{"role":"user","kind":"message"}})"),
        result(R"({"id":"t","contextId":"c","kind":"task","status":{"state":"working"}})"),
        request("tasks/get", R"({"id":"t"})"), request("tasks/cancel", R"({"id":"t"})")}},
      {"a2a", {request("tasks/get", R"({"id":"t"})"), request("tasks/get", R"({"id":"t"})")}},
      {"a2a", {request("SendMessage"), request("GetTask", R"({"id":"t"})")}},
      {"codex",
       {R"({"id":0,"method":"initialize","params":{"clientInfo":{"name":"v","version":"1"}}})",
        R"({"id":0,"result":{"userAgent":"u"}})", R"({"method":"initialized"})",
        R"({"id":1,"method":"thread/start","params":{}})", R"({"method":"turn/started","params":{}})"}},
      {"ethereum", {request("eth_chainId", "[]"), result("\"0x1\""), request("eth_call", R"([{},"latest"])")}},
      {"claude-control",
       {R"({"type":"system","subtype":"init","session_id":"s","tools":[],"mcp_servers":[]})",
        R"({"type":"control_request","request_id":"1","request":{"subtype":"mcp_message","server_name":"a","message":{"jsonrpc":"2.0","id":1,"method":"tools/list"}}})"}},
      {"dap",
       {R"({"seq":1,"type":"request","command":"initialize"})", R"({"seq":1,"type":"response","request_seq":1})"}},
  };
  for (const auto& row : table) {
    Talk t;
    t.say(row.texts);
    EXPECT_EQ(t.state(), State::kOther) << row.protocol;
    EXPECT_EQ(t.classifier.other_protocol(), row.protocol);
  }
}

TEST(Classifier, AServerCannotHideBehindAForgedGreetingOfAnotherProtocol) {
  EXPECT_EQ(Talk().say({notification("session/update"), std::string(kInitialize)}).state(), State::kMcp);
  EXPECT_EQ(Talk().say({kAcpInitialized, request("server/discover")}).state(), State::kMcp);
  EXPECT_EQ(Talk().say({R"({"type":"control_request"})", kModernCall}).state(), State::kMcp);
  Talk late;  // attached in mid-stream: no handshake to be seen
  late.say({notification("textDocument/publishDiagnostics"), request("tools/list")});
  EXPECT_EQ(late.state(), State::kOther);
  EXPECT_EQ(late.say(request("tools/call", R"({"name":"x"})")).state(), State::kMcp);
  EXPECT_EQ(late.classifier.other_protocol(), "");
  EXPECT_EQ(Talk().say({request("tools/list"), notification("session/update"), request("prompts/list")}).state(),
            State::kMcp);
}

TEST(Classifier, AnAnswerSeenBeforeAVetoDoesNotCountTowardsReopening) {
  Talk t;
  t.say({kToolsReply, request("mcp/message", R"({"method":"tools/call"})"), request("logging/setLevel")});
  EXPECT_EQ(t.state(), State::kOther);
}

TEST(Classifier, AFewLogLinesDoNotCloseAChannelAndManyDoUntilMcpIsSpoken) {
  Talk t;
  for (int i = 0; i < 3; ++i) t.say(R"({"method":"GET","path":"/"})");
  EXPECT_EQ(t.state(), State::kUnknown);
  t.say(R"({"method":"GET","path":"/"})");
  EXPECT_EQ(t.state(), State::kOther);
  EXPECT_EQ(t.classifier.other_protocol(), kUnversioned);
  t.say({request("tools/list"), kToolsReply});
  EXPECT_EQ(t.state(), State::kMcp);
}

TEST(Classifier, LogLinesAndUnknownJsonDoNotDisturbACandidate) {
  Talk t;
  t.say(request("tools/list"));
  for (int i = 0; i < 10; ++i) t.say({R"({"method":"GET","path":"/"})", R"({"level":"info"})"});
  EXPECT_EQ(t.state(), State::kCandidate);
  EXPECT_EQ(t.say(kToolsReply).state(), State::kMcp);
}

TEST(Classifier, PeersThatForgetTheVersionAreFoundByTwoMarks) {
  Talk t;
  t.say(
      R"({"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c"}}})");
  EXPECT_EQ(t.state(), State::kCandidate);
  t.say(R"({"id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s"}}})");
  EXPECT_EQ(t.state(), State::kMcp);
}

TEST(Classifier, ABatchIsJudgedMessageByMessage) {
  Talk t;
  t.say("[" + request("tools/list") + "," + request("prompts/list") + "]");
  EXPECT_EQ(t.state(), State::kMcp);
}

}  // namespace
}  // namespace mcpvigil::mcp
