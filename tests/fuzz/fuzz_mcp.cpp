// SPDX-License-Identifier: Apache-2.0
// Any messages (one a line) through decode, look_alike and the classifier. What must hold: MCP once is MCP for ever,
// marks and vetoes come with their evidence, and canonical JSON is a fixed point.
#include <cstdint>
#include <cstdlib>

#include "mcp/look_alike.h"
#include "mcp/operation.h"

using namespace mcpvigil;

namespace {

void expect(bool b) {
  if (!b) std::abort();
}

void check_canonical(simdjson::dom::element e) {
  std::string once;
  mcp::append_canonical(e, once);
  base::PaddedBuffer buffer;
  buffer.append(once);
  // Through our parser: 1e20 is spelled with all its digits, which simdjson alone refuses.
  static jsonrpc::Parser parser;
  parser.parse(buffer.view(), [](const jsonrpc::Message&) {});
  expect(parser.document().has_value());
  std::string twice;
  mcp::append_canonical(*parser.document(), twice);
  expect(once == twice);
}

void check(const jsonrpc::Message& m, mcp::Classifier& classifier) {
  const mcp::Operation op = mcp::decode(m);
  expect((op.evidence == mcp::Evidence::kVeto) == !op.veto.empty());
  expect((op.evidence == mcp::Evidence::kStrong) == !op.strong_mark.empty());
  const auto before = classifier.state();
  const auto after = classifier.observe(op);
  expect(before != mcp::Classifier::State::kMcp || after == before);
  expect((after == mcp::Classifier::State::kOther) == !classifier.other_protocol().empty());
  if (op.tools) {
    for (const auto& t : mcp::tool_definitions(*op.tools)) expect(t.definition_hash.size() == 64);
  }
  if (op.nested) {
    jsonrpc::Message inner;
    if (jsonrpc::read_message(*op.nested, inner)) static_cast<void>(mcp::decode(inner));
  }
  if (m.text.size() < 65536) check_canonical(m.root);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static jsonrpc::Parser parser;
  mcp::Classifier classifier;
  base::Bytes rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    base::PaddedBuffer line;
    line.append(rest.substr(0, end));
    rest.remove_prefix(end == base::Bytes::npos ? rest.size() : end + 1);
    const auto why = parser.parse(line.view(), [&](const jsonrpc::Message& m) { check(m, classifier); });
    if (why == base::SkipReason::kNotJsonRpc) {
      const mcp::LookAlike other = mcp::look_alike(*parser.document());
      classifier.observe_look_alike(other.protocol);
      jsonrpc::Message inner;
      if (other.nested && jsonrpc::read_message(*other.nested, inner)) static_cast<void>(mcp::decode(inner));
    }
  }
  return 0;
}
