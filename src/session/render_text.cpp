// SPDX-License-Identifier: Apache-2.0
// The live view's one line a record.
#include <fmt/format.h>

#include <iterator>

#include "session/json_text.h"
#include "session/render.h"
#include "session/server_identity.h"

namespace mcpvigil::session {
namespace {

// What others wrote must not move the cursor or colour the screen: anything but printable text becomes '?'.
std::string printable(std::string_view s, std::size_t width) {
  std::string quoted;
  append_string(s.substr(0, width * 4), quoted);
  std::string out;
  std::size_t columns = 0;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    auto c = static_cast<unsigned char>(quoted[i]);
    if (c == '\\') {
      bool kept = quoted[i + 1] == '"' || quoted[i + 1] == '\\';
      i += quoted[i + 1] == 'u' ? 5 : 1;
      if (columns++ >= width) break;
      out.push_back(kept ? quoted[i] : '?');
      continue;
    }
    bool c1 = c == 0xC2 && static_cast<unsigned char>(quoted[i + 1]) < 0xA0;  // control characters above ASCII
    bool starts = (c & 0xC0) != 0x80;
    if (starts && columns++ >= width) break;
    if (c1) {
      out.push_back('?');
      ++i;
    } else {
      out.push_back(quoted[i]);
    }
  }
  return out;
}

std::string who(const PartyView& p) {
  std::string_view name = p.claimed_name;
  std::string made;
  if (name.empty() && p.facts != nullptr) {
    name = p.facts->exe.empty() ? std::string_view(p.facts->comm) : std::string_view(p.facts->exe);
    if (auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  }
  if (name.empty()) {
    made = p.process.known() ? "pid " + std::to_string(p.process.pid) : text_of(p.address);
    name = made.empty() ? std::string_view("?") : made;
  }
  return printable(name, 18);
}

std::string size_of(std::uint64_t n) {
  if (n < 1000) return fmt::format("{} B", n);
  if (n < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(n) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(n) / 1e6);
}

std::string latency_of(std::uint64_t ns) {
  if (ns < 1'000'000) return fmt::format("{} us", ns / 1000);
  if (ns < 10'000'000'000) return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6);
  return fmt::format("{:.1f} s", static_cast<double>(ns) / 1e9);
}

std::string clock_of(base::Timestamp t) {
  std::string iso;
  append_time(t, iso);
  return iso.substr(12, 12);  // 08:00:00.123
}

std::string what_of(const MessageRecord& m) {
  if (m.tool.empty()) return printable(m.method.empty() ? jsonrpc::name(m.kind) : m.method, 32);
  return printable(std::string(m.method == "tools/call" ? "" : std::string(m.method) + " ") + std::string(m.tool), 32);
}

constexpr std::string_view kRed = "\x1b[31m", kGreen = "\x1b[32m", kYellow = "\x1b[33m", kDim = "\x1b[2m",
                           kPlain = "\x1b[0m";

struct Painter {
  const TextOptions& options;
  std::string& out;
  void columns(base::Timestamp ts, const PartyView& client, std::string_view arrow, const PartyView& server,
               std::string_view what, std::string_view size, std::string_view latency, std::string_view outcome,
               std::string_view color) {
    fmt::format_to(std::back_inserter(out), "{} {:<18} {} {:<18} {:<32} {:>9} {:>9} ", clock_of(ts), who(client), arrow,
                   who(server), what, size, latency);
    painted(outcome, color);
  }
  void painted(std::string_view s, std::string_view color) {
    if (options.color) out += color;
    out += s;
    if (options.color) out += kPlain;
    out.push_back('\n');
  }

  void operator()(const MessageRecord& m) {
    if (!options.messages) return;
    std::string kind(jsonrpc::name(m.kind));
    if (m.unmatched) kind += " (no request seen)";
    columns(m.ts, m.client, m.client_to_server ? "->" : "<-", m.server, what_of(m), size_of(m.bytes), "", kind, kDim);
  }
  void operator()(const CallRecord& c) {
    std::string outcome(c.outcome);
    if (c.outcome == "error") outcome += fmt::format(" {} {}", c.error_code, printable(c.error_message, 60));
    bool bad = c.outcome == "error" || c.outcome == "tool_error";
    const MessageRecord& m = c.message;
    columns(m.ts, m.client, m.client_to_server ? "->" : "<-", m.server, what_of(m),
            size_of(c.request_bytes + c.response_bytes), latency_of(c.latency_ns), outcome,
            bad                 ? kRed
            : c.outcome == "ok" ? kGreen
                                : kYellow);
  }
  void operator()(const FindingRecord& f) {
    fmt::format_to(std::back_inserter(out), "{} {:<18} -> {:<18} ", clock_of(f.ts), who(f.client), who(f.server));
    painted(fmt::format("finding {} ({}): {}", f.kind, f.severity, printable(f.detail, 300)), kRed);
  }
  void operator()(const InventoryRecord& i) {
    std::string what = fmt::format("{} {}", i.what, i.server_id);
    if (!i.server_name.empty()) what += " " + printable(i.server_name, 40);
    if (!i.tool.empty()) what += " " + printable(i.tool, 64);
    fmt::format_to(std::back_inserter(out), "{} {:<18} ", clock_of(i.ts), who(i.party));
    painted(what, kYellow);
  }
  void operator()(const ProcessRecord& p) {
    fmt::format_to(std::back_inserter(out), "{} {:<18} ", clock_of(p.ts), who(p.party));
    std::string text = fmt::format("process {} {}, coverage {}", p.party.process.pid, p.what, p.coverage);
    if (!p.reason.empty()) text += " (" + printable(p.reason, 100) + ")";
    painted(text, kDim);
  }
  void operator()(const LossRecord& l) {
    fmt::format_to(std::back_inserter(out), "{} ", clock_of(l.ts));
    painted(fmt::format("lost {} records, {} bytes: {}", l.records, l.bytes, base::name(l.reason)), kRed);
  }
  void operator()(const HealthRecord& h) {
    fmt::format_to(std::back_inserter(out), "{} ", clock_of(h.ts));
    painted(fmt::format("{}: {} messages, {} calls, {} sessions, {} bytes seen, {} lost", h.status, h.messages, h.calls,
                        h.sessions, h.ledger.seen, h.ledger.lost_total()),
            kDim);
  }
};

}  // namespace

void append_text(const Record& r, const TextOptions& o, std::string& out) { std::visit(Painter{o, out}, r); }

}  // namespace mcpvigil::session
