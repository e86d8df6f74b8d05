// SPDX-License-Identifier: Apache-2.0
// Cost of one message through jsonrpc::Parser and mcp::decode, on one core.
#include <benchmark/benchmark.h>

#include <string>

#include "mcp/operation.h"

using namespace mcpvigil;

namespace {

// A tools/call of about n bytes, its arguments one string.
std::string call(std::size_t n) {
  const std::string head =
      R"({"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"write_file","_meta":{"progressToken":12},"arguments":{"path":"/tmp/a","content":")";
  const std::string tail = R"("}}})";
  const std::size_t used = head.size() + tail.size();
  return head + std::string(n > used ? n - used : 0, 'x') + tail;
}

// An answer of about n bytes, of source text with its escapes.
std::string answer(std::size_t n) {
  std::string text = R"({"result":{"content":[{"type":"text","text":")";
  while (text.size() + 40 < n) text += R"(  if (a == \"b\") { return c[1]; }\n)";
  return text + R"("}]},"jsonrpc":"2.0","id":12})";
}

// An answer of about n bytes, of many small values: the costliest kind.
std::string structured(std::size_t n) {
  std::string text = R"({"result":{"content":[],"structuredContent":{"rows":[)";
  while (text.size() + 100 < n) text += R"({"id":1234,"name":"alpha\tbeta","score":0.75,"tags":["x","y"],"ok":true},)";
  return text + R"({}]}},"jsonrpc":"2.0","id":12})";
}

void run(benchmark::State& state, const std::string& text) {
  base::PaddedBuffer buffer;
  buffer.append(text);
  jsonrpc::Parser parser;
  std::uint64_t seen = 0;
  const std::function<void(const jsonrpc::Message&)> on_message = [&](const jsonrpc::Message& m) {
    const mcp::Operation op = mcp::decode(m);
    seen += op.tool.size() + 1;
  };
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(buffer.view(), on_message));
  benchmark::DoNotOptimize(seen);
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void call_message(benchmark::State& state) { run(state, call(static_cast<std::size_t>(state.range(0)))); }
void answer_with_escapes(benchmark::State& state) { run(state, answer(static_cast<std::size_t>(state.range(0)))); }
void answer_of_small_values(benchmark::State& state) {
  run(state, structured(static_cast<std::size_t>(state.range(0))));
}

}  // namespace

BENCHMARK(call_message)->Arg(200)->Arg(1024)->Arg(1 << 20);
BENCHMARK(answer_with_escapes)->Arg(200)->Arg(1024)->Arg(1 << 20);
BENCHMARK(answer_of_small_values)->Arg(200)->Arg(1024)->Arg(1 << 20);
BENCHMARK_MAIN();
