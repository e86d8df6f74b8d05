// SPDX-License-Identifier: Apache-2.0
// The statements of a scenario that declare flows.
#include <fmt/format.h>

#include <utility>

#include "source/scenario_writer.h"

namespace mcpvigil::source {

using base::Status;
using event::FlowKind;

namespace {

// Addresses and numbers begin with a digit or a bracket.
bool begins_like_a_name(std::string_view w) {
  return !w.empty() && ((w[0] >= 'a' && w[0] <= 'z') || (w[0] >= 'A' && w[0] <= 'Z') || w[0] == '_');
}

}  // namespace

Status ScenarioWriter::pipe(std::string_view verb) {
  TRY_ASSIGN(const std::string_view name, new_name());
  std::string path;
  if (verb != "pipe") {
    TRY_ASSIGN(path, in_.text("a path"));
  }
  const bool snapshot = in_.accept("snapshot");
  NamedFlow& f = declare(name, verb == "pipe" ? FlowKind::kPipe : verb == "fifo" ? FlowKind::kFifo : FlowKind::kPty);
  f.path = std::move(path);
  f.open.from_snapshot = snapshot;
  emit_open(f);
  return {};
}

Status ScenarioWriter::unix_pair(std::string_view verb) {
  TRY_ASSIGN(const std::string_view first, new_name());
  TRY_ASSIGN(const std::string_view second, new_name());
  if (first == second) return in_.wrong("two names");
  std::string path;
  if (verb == "unix") {
    TRY_ASSIGN(path, in_.text("a path"));
  }
  const FlowKind kind = in_.accept("seqpacket") ? FlowKind::kUnixSeqpacket : FlowKind::kUnixStream;
  const bool snapshot = in_.accept("snapshot");
  NamedFlow &a = declare(first, kind), &b = declare(second, kind);
  a.peer = b.open.flow;
  b.peer = a.open.flow;
  a.open.peer_inode = b.open.inode;
  b.open.peer_inode = a.open.inode;
  a.path = b.path = path;
  a.open.from_snapshot = b.open.from_snapshot = snapshot;
  emit_open(a);
  emit_open(b);
  return {};
}

Status ScenarioWriter::tcp() {
  TRY_ASSIGN(const std::string_view first, new_name());
  const std::string_view second_or_address = in_.peek_word();
  std::string_view second;
  if (begins_like_a_name(second_or_address)) {
    TRY_ASSIGN(second, new_name());
    if (first == second) return in_.wrong("two names");
  }
  TRY_ASSIGN(const event::Address local, in_.address());
  TRY_ASSIGN(const event::Address remote, in_.address());
  std::uint64_t netns = 1;
  if (in_.option() == "netns") {
    TRY_ASSIGN(netns, in_.number("a namespace number"));
  }
  const bool snapshot = in_.accept("snapshot");
  NamedFlow& a = declare(first, FlowKind::kTcp);
  a.open.local = local;
  a.open.remote = remote;
  a.open.netns = static_cast<std::uint32_t>(netns);
  a.open.from_snapshot = snapshot;
  emit_open(a);
  if (second.empty()) return {};
  NamedFlow& b = declare(second, FlowKind::kTcp);
  b.open.local = remote;
  b.open.remote = local;
  b.open.netns = a.open.netns;
  b.open.from_snapshot = snapshot;
  a.peer = b.open.flow;
  b.peer = a.open.flow;
  emit_open(b);
  return {};
}

Status ScenarioWriter::tls() {
  TRY_ASSIGN(const std::string_view name, new_name());
  base::FlowId socket{};
  if (in_.accept("over ")) {
    TRY_ASSIGN(const NamedFlow* s, flow());
    socket = s->open.flow;
  }
  const bool server = in_.accept("server");
  std::string path = "/usr/lib/libssl.so.3";
  if (in_.option() == "path") {
    TRY_ASSIGN(path, in_.text("a file"));
  }
  const bool snapshot = in_.accept("snapshot");
  NamedFlow& f = declare(name, FlowKind::kTls);
  f.open.inode = 0;
  f.open.tls_socket = socket;
  f.open.is_tls_server = server;
  f.open.from_snapshot = snapshot;
  f.path = std::move(path);
  emit_open(f);
  return {};
}

Status ScenarioWriter::bind() {
  TRY_ASSIGN(NamedFlow* const tls, flow());
  if (tls->open.kind != FlowKind::kTls) return in_.wrong("a tls flow");
  TRY_ASSIGN(const NamedFlow* socket, flow());
  tls->open.tls_socket = socket->open.flow;
  emit_open(*tls);
  return {};
}

base::Result<std::string_view> ScenarioWriter::new_name() {
  TRY_ASSIGN(const std::string_view name, in_.word("a name for the flow"));
  if (!begins_like_a_name(name)) return in_.wrong("a name for the flow, beginning with a letter");
  if (flows_.contains(name)) return in_.error(fmt::format("there is a flow {} already", name));
  return name;
}

ScenarioWriter::NamedFlow& ScenarioWriter::declare(std::string_view name, FlowKind kind) {
  NamedFlow& f = flows_[std::string(name)];
  f.open.flow = base::FlowId{++next_flow_};
  f.open.kind = kind;
  f.open.inode = next_inode_++;
  by_id_[next_flow_] = &f;
  return f;
}

void ScenarioWriter::emit_open(const NamedFlow& f) {
  event::FlowOpen o = f.open;
  o.ts = now();
  o.path = keep(f.path);
  out_.events_.emplace_back(o);
}

}  // namespace mcpvigil::source
