// SPDX-License-Identifier: Apache-2.0
#include "event/dump.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <iterator>

#include "event/names.h"

namespace mcpvigil::event {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string key(const ProcessKey& p) { return fmt::format("{}@{}", p.pid, p.start_ns); }
std::uint64_t num(FlowId f) { return static_cast<std::uint64_t>(f); }

void quoted(std::string& out, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  out += ' ';
  out += label;
  out += "=\"";
  out += escape(value);
  out += '"';
}

struct Printer {
  std::string& out;
  std::size_t max_payload;
  Out to{std::back_inserter(out)};

  void operator()(const FlowOpen& e) {
    fmt::format_to(to, " flow={} {}", num(e.flow), name(e.kind));
    if (e.inode != 0) fmt::format_to(to, " inode={}", e.inode);
    if (e.peer_inode != 0) fmt::format_to(to, " peer={}", e.peer_inode);
    if (num(e.tls_socket) != 0) fmt::format_to(to, " socket={}", num(e.tls_socket));
    if (e.netns != 0) fmt::format_to(to, " netns={}", e.netns);
    if (e.local.family != 0 || e.remote.family != 0) {
      fmt::format_to(to, " {} -> {}", to_string(e.local), to_string(e.remote));
    }
    quoted(out, "path", e.path);
    if (e.is_tls_server) out += " server";
    if (e.from_snapshot) out += " snapshot";
  }
  void operator()(const FlowData& e) {
    fmt::format_to(to, " flow={} {} by={} tid={} pos={} len={}", num(e.flow), name(e.way), key(e.actor), e.tid, e.pos,
                   e.len);
    if (e.missing != base::LossReason::kCount)
      fmt::format_to(to, " copied={} missing={}", e.payload.size(), base::name(e.missing));
    fmt::format_to(to, " \"{}\"", escape(e.payload.substr(0, max_payload)));
    if (e.payload.size() > max_payload) fmt::format_to(to, " +{}", e.payload.size() - max_payload);
  }
  void operator()(const FlowActor& e) {
    fmt::format_to(to, " flow={} {} by={} pos={}", num(e.flow), name(e.way), key(e.actor), e.pos);
  }
  void operator()(const FlowSkipped& e) {
    fmt::format_to(to, " flow={} {} pos={} len={}", num(e.flow), name(e.way), e.pos, e.len);
  }
  void operator()(const FlowHolder& e) {
    fmt::format_to(to, " flow={} holder={}{}{}", num(e.flow), key(e.holder), e.can_read != 0 ? " r" : "",
                   e.can_write != 0 ? " w" : "");
  }
  void operator()(const FlowEof& e) { fmt::format_to(to, " flow={} {}", num(e.flow), name(e.way)); }
  void operator()(const FlowClose& e) {
    fmt::format_to(to, " flow={} read={} write={} read_ignored={} write_ignored={}", num(e.flow), e.read_total,
                   e.write_total, e.read_ignored, e.write_ignored);
  }
  void operator()(const ProcessExec& e) { fmt::format_to(to, " process={} parent={}", key(e.process), key(e.parent)); }
  void operator()(const ProcessFork& e) { fmt::format_to(to, " parent={} child={}", key(e.parent), key(e.child)); }
  void operator()(const ProcessExit& e) { fmt::format_to(to, " process={}", key(e.process)); }
  void operator()(const ProcessFacts& e) {
    fmt::format_to(to, " process={} parent={} uid={}", key(e.process), key(e.parent), e.uid);
    quoted(out, "exe", e.exe);
    out += " argv=[";
    for (std::size_t i = 0; i < e.argv.size(); ++i)
      fmt::format_to(to, "{}\"{}\"", i == 0 ? "" : " ", escape(e.argv[i]));
    out += ']';
    quoted(out, "comm", e.comm);
    quoted(out, "cwd", e.cwd);
    quoted(out, "user", e.user);
    quoted(out, "cgroup", e.cgroup);
    quoted(out, "container", e.container);
    quoted(out, "pod", e.pod);
  }
  void operator()(const ProcessNote& e) {
    fmt::format_to(to, " process={} {}", key(e.process), name(e.what));
    if (num(e.flow) != 0) fmt::format_to(to, " flow={}", num(e.flow));
    quoted(out, "detail", e.detail);
  }
  void operator()(const Lost& e) {
    fmt::format_to(to, " {} records={} bytes={}", base::name(e.reason), e.records, e.bytes);
  }
  void operator()(const Tick&) {}
};

}  // namespace

std::string escape(Bytes b) {
  std::string out;
  out.reserve(b.size() + 8);
  for (const char c : b) {
    const auto u = static_cast<unsigned char>(c);
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      default:
        if (u >= 0x20 && u < 0x7F) {
          out += c;
        } else {
          fmt::format_to(std::back_inserter(out), "\\x{:02x}", u);
        }
    }
  }
  return out;
}

std::string to_string(const Address& a) {
  char text[INET6_ADDRSTRLEN] = {};
  if (a.family == 4 && inet_ntop(AF_INET, a.ip.data(), text, sizeof text) != nullptr)
    return fmt::format("{}:{}", text, a.port);
  if (a.family == 6 && inet_ntop(AF_INET6, a.ip.data(), text, sizeof text) != nullptr)
    return fmt::format("[{}]:{}", text, a.port);
  return "-";
}

std::string dump(const Event& e, std::size_t max_payload) {
  const std::uint64_t ns = time_of(e).ns;
  std::string out = fmt::format("{}.{:09} {}", ns / 1'000'000'000, ns % 1'000'000'000, kind_name(e));
  std::visit(Printer{out, max_payload}, e);
  return out;
}

}  // namespace mcpvigil::event
