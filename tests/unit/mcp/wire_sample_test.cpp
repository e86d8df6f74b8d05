// SPDX-License-Identifier: Apache-2.0
// Bytes that real SDKs sent (section 4.4 of the protocol notes, the elided parts filled in).
#include "unit/mcp/decoded.h"

namespace mcpvigil::mcp {
namespace {

using jsonrpc::Kind;

TEST(WireSample, TypescriptV1Request) {
  Decoded d(
      "{\"method\":\"tools/"
      "call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"message\":\"hi\"}},\"jsonrpc\":\"2.0\",\"id\":2}\n");
  EXPECT_EQ(d->kind, Kind::kRequest);
  EXPECT_EQ(d->tool, "echo");
  EXPECT_EQ(d->evidence, Evidence::kStrong);
  EXPECT_EQ(d.message.oddities, 0U);
  EXPECT_EQ(d->id->integer, 2);
}

TEST(WireSample, TypescriptV1Result) {
  Decoded d("{\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"Echo: hi\"}]},\"jsonrpc\":\"2.0\",\"id\":2}\n");
  EXPECT_EQ(d->kind, Kind::kResponse);
  EXPECT_EQ(d->strong_mark, "content[]");
  EXPECT_EQ(d->sender, Sender::kServer);
  EXPECT_EQ(d.message.oddities, 0U);
}

TEST(WireSample, TypescriptV1ResultOfAMegabyte) {
  Decoded d(R"({"result":{"content":[{"type":"text","text":")" + std::string(1 << 20, 'x') +
            R"("}]},"jsonrpc":"2.0","id":2})");
  EXPECT_EQ(d->strong_mark, "content[]");
}

TEST(WireSample, GoModernDiscover) {
  Decoded d(
      R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"roots":{"listChanged":true}},)"
      R"("io.modelcontextprotocol/clientInfo":{"name":"fixture","version":"1"},"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})"
      "\n");
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kStateless);
  EXPECT_EQ(d->client.name, "fixture");
  EXPECT_EQ(d->protocol_version, "2026-07-28");
  EXPECT_EQ(d->sender, Sender::kClient);
}

TEST(WireSample, GoDiscoverResult) {
  Decoded d(
      R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}},)"
      R"("ttlMs":0,"cacheScope":"public","supportedVersions":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],)"
      R"("capabilities":{"tools":{}}}})"
      "\n");
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kStateless);
  EXPECT_EQ(d->server.name, "s");
  EXPECT_EQ(d->result_type, "complete");
}

TEST(WireSample, RustHybridHandshake) {
  Decoded d(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"capabilities":{},"clientInfo":{"name":"rmcp","version":"3.9.0"},"protocolVersion":"2026-07-28"}})"
      "\n");
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->era, Era::kLegacy);
  EXPECT_EQ(d->protocol_version, "2026-07-28");
  Decoded answer(
      R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}})");
  EXPECT_EQ(answer->era, Era::kLegacy);
  EXPECT_EQ(answer->protocol_version, "2025-11-25");
}

TEST(WireSample, JavaInitialize) {
  Decoded d(
      R"({"jsonrpc":"2.0","method":"initialize","id":"bcec643c-0","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
      R"("clientInfo":{"name":"Java SDK MCP Client","version":"0.15.0"}}})"
      "\n");
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->id->text, "bcec643c-0");
}

TEST(WireSample, TypescriptProgressFromAnEventStream) {
  Decoded d(
      R"({"method":"notifications/progress","params":{"progress":1,"total":2,"progressToken":2},"jsonrpc":"2.0"})");
  EXPECT_EQ(d->kind, Kind::kNotification);
  EXPECT_EQ(d->evidence, Evidence::kNothing);
  EXPECT_EQ(d->progress_token->integer, 2);
}

TEST(WireSample, TypescriptV2ProbeHasAStringId) {
  Decoded d(R"({"jsonrpc":"2.0","id":"server-discover-probe-1","method":"server/discover","params":{}})");
  EXPECT_EQ(d->evidence, Evidence::kDecisive);
  EXPECT_EQ(d->id->text, "server-discover-probe-1");
}

TEST(WireSample, SpellingsEverySdkTakesAreUnderstoodAndFlagged) {
  Decoded escaped(R"({"jsonrpc":"2.0","id":1,"\u006dethod":"tools\/list"})");
  EXPECT_EQ(escaped->method, "tools/list");
  EXPECT_EQ(escaped->evidence, Evidence::kStrong);
  EXPECT_EQ(escaped.message.oddities, jsonrpc::kEscapedKey);
  Decoded twice(R"({"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"})");
  EXPECT_EQ(twice->method, "tools/list");
  EXPECT_EQ(twice.message.oddities, jsonrpc::kDuplicateKey);
}

TEST(WireSample, PrettyPrintedAsGoTakesIt) {
  Decoded d("{\r\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\r\n  \"method\": \"tools/list\"\r\n}\r\n");
  EXPECT_EQ(d->method, "tools/list");
  EXPECT_EQ(d.message.oddities, jsonrpc::kRawNewline);
}

}  // namespace
}  // namespace mcpvigil::mcp
