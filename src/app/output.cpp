// SPDX-License-Identifier: Apache-2.0
#include "app/output.h"

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace mcpvigil::app {

namespace {

constexpr std::size_t kWriteAt = 256 * 1024;

std::string_view type_of(const session::Record& r) {
  constexpr std::string_view kNames[] = {"message", "call", "inventory", "finding", "process", "loss", "health"};
  return kNames[r.index()];
}

bool glob_any(const std::vector<std::string>& globs, std::string_view text) {
  const std::string s(text);
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& g) { return fnmatch(g.c_str(), s.c_str(), 0) == 0; });
}

// What a filter may look at; null members do not exist in this kind of record.
struct Look {
  const session::PartyView* client = nullptr;
  const session::PartyView* server = nullptr;
  std::string_view tool;
};

Look look(const session::Record& r) {
  if (const auto* m = std::get_if<session::MessageRecord>(&r)) return {&m->client, &m->server, m->tool};
  if (const auto* c = std::get_if<session::CallRecord>(&r))
    return {&c->message.client, &c->message.server, c->message.tool};
  if (const auto* f = std::get_if<session::FindingRecord>(&r)) return {&f->client, &f->server, {}};
  if (const auto* i = std::get_if<session::InventoryRecord>(&r)) return {nullptr, &i->party, i->tool};
  if (const auto* p = std::get_if<session::ProcessRecord>(&r)) return {nullptr, &p->party, {}};
  return {};
}

bool is_server(const std::vector<std::string>& globs, const session::PartyView* p) {
  if (p == nullptr) return false;
  return glob_any(globs, p->server_id) || glob_any(globs, p->claimed_name) ||
         (p->facts != nullptr && glob_any(globs, p->facts->exe));
}

session::RenderOptions render_options(const Options& o, const std::string& host) {
  session::RenderOptions r;
  r.host = host;
  r.payload = o.payload == Payload::kFull       ? session::PayloadMode::kFull
              : o.payload == Payload::kRedacted ? session::PayloadMode::kRedacted
                                                : session::PayloadMode::kNone;
  return r;
}

}  // namespace

Output::Output(const Options& o, const std::string& host) : options_(o), json_(render_options(o, host)) {
  terminal_ = !o.json && isatty(STDOUT_FILENO) != 0;
  text_.color = !o.json && (o.color == "always" || (o.color == "auto" && terminal_));
  // For people a call is one line; its two messages only when asked for.
  text_.messages = std::find(o.filters.types.begin(), o.filters.types.end(), "message") != o.filters.types.end();
}

Output::~Output() { flush(); }

bool Output::wanted(const session::Record& r) const {
  const Filters& f = options_.filters;
  if (!f.types.empty() && std::find(f.types.begin(), f.types.end(), type_of(r)) == f.types.end()) return false;
  if (f.servers.empty() && f.tools.empty() && f.users.empty() && f.pids.empty()) return true;
  const Look l = look(r);
  if (l.client == nullptr && l.server == nullptr) return true;  // loss, health: always concern whoever watches
  if (!f.servers.empty() && !is_server(f.servers, l.server)) return false;
  if (!f.tools.empty() && !glob_any(f.tools, l.tool)) return false;
  const auto either = [&](auto matches) {
    return (l.client != nullptr && matches(*l.client)) || (l.server != nullptr && matches(*l.server));
  };
  if (!f.pids.empty() && !either([&](const session::PartyView& p) {
        return std::find(f.pids.begin(), f.pids.end(), p.process.pid) != f.pids.end() && p.process.pid != 0;
      }))
    return false;
  return f.users.empty() ||
         either([&](const session::PartyView& p) { return p.facts != nullptr && glob_any(f.users, p.facts->user); });
}

void Output::on_record(const session::Record& r) {
  if (closed_ || !wanted(r)) return;
  if (const auto* p = std::get_if<session::ProcessRecord>(&r);
      p != nullptr && !options_.json && options_.filters.types.empty() && p->what == "coverage") {
    ++not_covered_;  // on a workstation dozens at start: a number for people, names for who asks
    return;
  }
  if (options_.json) {
    json_.append(r, ++seq_, lines_);
  } else {
    session::append_text(r, text_, lines_);
  }
  if (lines_.size() >= kWriteAt) flush();
}

bool Output::flush() {
  if (closed_) return false;
  if (lines_.empty()) return true;
  if (!status_.empty()) lines_.insert(0, "\r\033[K");
  if (!status_.empty()) lines_ += status_;
  std::string_view left = lines_;
  while (!left.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      closed_ = true;
      break;
    }
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  lines_.clear();
  return !closed_;
}

void Output::status(const std::string& text) {
  if (!terminal_ || text == status_) return;
  flush();
  status_ = text;
  const std::string line = "\r\033[K" + text;
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) closed_ = true;
}

}  // namespace mcpvigil::app
