// SPDX-License-Identifier: Apache-2.0
#include "mcp/look_alike.h"

#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

TEST(LookAlike, MessagesOfOtherProtocolsAreVetoedByName) {
  const struct {
    std::string text;
    std::string_view protocol;
  } table[] = {
      // LSP and BSP
      {request("initialize", R"({"processId":1,"rootUri":null,"capabilities":{},"clientInfo":{"name":"vim"}})"), "lsp"},
      {request("initialize", R"({"processId":null,"capabilities":{}})"), "lsp"},
      {result(R"({"capabilities":{"textDocumentSync":1},"serverInfo":{"name":"clangd"}})"), "lsp"},
      {request("textDocument/hover"), "lsp"},
      {request("workspace/symbol"), "lsp"},
      {notification("$/progress"), "lsp"},
      {request("build/initialize"), "bsp"},
      // ACP
      {request("initialize",
               R"({"protocolVersion":1,"clientCapabilities":{},"clientInfo":{"name":"zed","version":"1"}})"),
       "acp"},
      {request("initialize", R"({"protocolVersion":2,"capabilities":{},"clientInfo":{"name":"zed","version":"1"}})"),
       "acp"},
      {result(R"({"protocolVersion":1,"agentCapabilities":{},"authMethods":[]})"), "acp"},
      {result(R"({"protocolVersion":1,"serverInfo":{"name":"s"},"capabilities":{}})"), "acp"},
      {request("session/new", R"({"mcpServers":[]})"), "acp"},
      {notification("session/update"), "acp"},
      {request("fs/read_text_file"), "acp"},
      {request("terminal/create"), "acp"},
      {request("authenticate"), "acp"},
      {notification("$/cancel_request"), "acp"},
      {request("mcp/connect"), "acp"},
      {request("_mcp/disconnect"), "acp"},
      // A2A
      {request("tasks/get", R"({"id":"t"})"), "a2a"},
      {request("tasks/cancel", R"({"id":"t"})"), "a2a"},
      {request("message/send"), "a2a"},
      {request("message/stream"), "a2a"},
      {request("tasks/resubscribe", R"({"id":"t"})"), "a2a"},
      {request("agent/getAuthenticatedExtendedCard"), "a2a"},
      {request("SendMessage"), "a2a"},
      {request("GetTask", R"({"id":"t"})"), "a2a"},
      {result(R"({"id":"t","contextId":"c","kind":"task","status":{"state":"completed"}})"), "a2a"},
      // Codex app-server: no "jsonrpc"
      {R"({"id":0,"method":"initialize","params":{"clientInfo":{"name":"vscode","version":"1"}}})", "codex"},
      {R"({"id":0,"result":{"userAgent":"codex/0.169"}})", "codex"},
      {R"({"id":1,"method":"thread/start","params":{}})", "codex"},
      {R"({"method":"item/started","params":{}})", "codex"},
      {R"({"method":"initialized"})", "unversioned"},
      // the rest
      {request("eth_getBalance", R"(["0x0","latest"])"), "ethereum"},
      {request("net_version", "[]"), "ethereum"},
      {request("getBlockHeight", "[]"), "solana"},
      {request("sendrawtransaction", R"(["00"])"), "positional"},
      {R"({"id":1,"method":"Page.enable","params":{}})", "cdp"},
      {R"({"method":"GET","path":"/","status":200})", "unversioned"},
      {R"({"id":1,"result":{}})", "unversioned"},
  };
  for (const auto& row : table) {
    Decoded d(row.text);
    EXPECT_EQ(d->evidence, Evidence::kVeto) << row.text;
    EXPECT_EQ(d->veto, row.protocol) << row.text;
    EXPECT_EQ(d->strong_mark, "");
  }
}

TEST(LookAlike, McpsOwnMessagesAreNotVetoed) {
  for (const std::string& text :
       {request("tasks/get", R"({"taskId":"t"})"), request("tasks/cancel", R"({"taskId":"t","id":"x"})"),
        request("elicitation/create", R"({"message":"?"})"), request("tools/list", "[]"),
        request("initialize", R"({"protocolVersion":"2025-06-18","capabilities":[],"clientInfo":{"name":"php"}})"),
        result(R"({"content":[],"capabilities":{}})"), result(R"({"kind":"task"})"),
        notification("notifications/message", R"({"level":"info","data":"session/new"})")}) {
    EXPECT_NE(Decoded(text)->evidence, Evidence::kVeto) << text;
  }
}

TEST(LookAlike, WithoutVersionWhatOnlyMcpSaysIsStrong) {
  Decoded d(
      R"({"id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c"}}})");
  EXPECT_EQ(d->evidence, Evidence::kStrong);
  EXPECT_EQ(d->strong_mark, "initialize");
  EXPECT_EQ(Decoded(R"({"id":0,"method":"tools/list"})")->evidence, Evidence::kVeto)
      << "a method name alone is not enough without a version";
}

LookAlike look(jsonrpc::Parser& parser, base::PaddedBuffer& buffer, std::string_view text) {
  buffer.append(text);
  EXPECT_EQ(parser.parse(buffer.view(), [](const jsonrpc::Message&) { FAIL(); }), base::SkipReason::kNotJsonRpc);
  return look_alike(*parser.document());
}

TEST(LookAlike, AClaudeControlRequestCarriesAnMcpMessage) {
  jsonrpc::Parser parser;
  base::PaddedBuffer buffer;
  const LookAlike l =
      look(parser, buffer,
           R"({"type":"control_request","request_id":"7","request":{"subtype":"mcp_message","server_name":"calc",)"
           R"("message":{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add"}}}})");
  EXPECT_EQ(l.protocol, "claude-control");
  EXPECT_EQ(l.server_name, "calc");
  ASSERT_TRUE(l.nested);
  jsonrpc::Message inner;
  ASSERT_TRUE(jsonrpc::read_message(*l.nested, inner));
  EXPECT_EQ(decode(inner).tool, "add");
}

TEST(LookAlike, AClaudeControlResponseCarriesTheAnswer) {
  jsonrpc::Parser parser;
  base::PaddedBuffer buffer;
  const LookAlike l =
      look(parser, buffer,
           R"({"type":"control_response","response":{"subtype":"success","request_id":"7","response":)"
           R"({"mcp_response":{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"5"}]}}}}})");
  EXPECT_EQ(l.protocol, "claude-control");
  ASSERT_TRUE(l.nested);
  jsonrpc::Message inner;
  ASSERT_TRUE(jsonrpc::read_message(*l.nested, inner));
  EXPECT_EQ(decode(inner).strong_mark, "content[]");
}

TEST(LookAlike, OtherJsonLinesAreNamedWhereTheyCanBe) {
  const struct {
    std::string_view text, protocol;
  } table[] = {
      {R"({"type":"control_request","request_id":"1","request":{"subtype":"interrupt"}})", "claude-control"},
      {R"({"type":"control_cancel_request","request_id":"1"})", "claude-control"},
      {R"({"type":"assistant","message":{"role":"assistant"},"session_id":"s"})", "claude-control"},
      {R"({"seq":1,"type":"request","command":"initialize","arguments":{}})", "dap"},
      {R"({"seq":2,"type":"event","event":"stopped"})", "dap"},
      {R"({"type":"assistant"})", ""},
      {R"({"level":"info","msg":"listening"})", ""},
      {R"({"type":7})", ""},
      {R"([])", ""},
      {R"({"type":"control_request","request":[]})", "claude-control"},
      {R"({"type":"control_response","response":{"response":"x"}})", "claude-control"},
  };
  for (const auto& row : table) {
    jsonrpc::Parser parser;
    base::PaddedBuffer buffer;
    const LookAlike l = look(parser, buffer, row.text);
    EXPECT_EQ(l.protocol, row.protocol) << row.text;
    EXPECT_FALSE(l.nested) << row.text;
  }
}

TEST(LookAlike, AcpCarriesMcpInsideMcpMessage) {
  Decoded flat(request("mcp/message", R"({"connectionId":"c","method":"tools/call","params":{"name":"add"}})"));
  EXPECT_EQ(flat->veto, "acp");
  ASSERT_TRUE(flat->nested);
  jsonrpc::Message inner;
  ASSERT_TRUE(jsonrpc::read_message(*flat->nested, inner));
  EXPECT_EQ(inner.method, "tools/call");
  EXPECT_EQ(decode(inner).tool, "add");
  Decoded whole(
      notification("mcp/message", R"({"connectionId":"c","message":{"jsonrpc":"2.0","id":1,"method":"ping"}})"));
  ASSERT_TRUE(whole->nested);
  ASSERT_TRUE(jsonrpc::read_message(*whole->nested, inner));
  EXPECT_EQ(inner.kind, jsonrpc::Kind::kRequest);
  EXPECT_EQ(inner.oddities, 0U);
}

}  // namespace
}  // namespace mcpvigil::mcp
