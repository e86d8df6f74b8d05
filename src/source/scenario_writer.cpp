// SPDX-License-Identifier: Apache-2.0
#include "source/scenario_writer.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "event/names.h"

namespace mcpvigil::source {

using base::Status;
using event::FlowKind;
using event::Way;

Status ScenarioWriter::run() {
  while (in_.next_statement()) {
    TRY_ASSIGN(const std::string_view verb, in_.word("a statement"));
    TRY(statement(verb));
    TRY(in_.end_statement());
  }
  return {};
}

Status ScenarioWriter::statement(std::string_view v) {
  if (v == "process") return process();
  if (v == "exec" || v == "exit" || v == "fork") return life(v);
  if (v == "pipe" || v == "fifo" || v == "pty") return pipe(v);
  if (v == "socketpair" || v == "unix") return unix_pair(v);
  if (v == "tcp") return tcp();
  if (v == "tls") return tls();
  if (v == "bind") return bind();
  if (v == "read") return moved(Way::kRead);
  if (v == "write") return moved(Way::kWrite);
  if (v == "send") return send();
  if (v == "actor") return actor();
  if (v == "holder") return holder();
  if (v == "gap" || v == "skip") return absent(v);
  if (v == "eof") return eof();
  if (v == "close") return close();
  if (v == "note") return note();
  if (v == "lost") return lost();
  if (v == "wait" || v == "tick") return time(v);
  return in_.wrong(
      "a statement (process exec exit fork pipe fifo pty socketpair unix tcp tls bind read write send actor holder gap "
      "skip eof close "
      "note lost wait tick)");
}

Status ScenarioWriter::process() {
  TRY_ASSIGN(const std::uint64_t pid, in_.number("a process number"));
  if (pid == 0 || pid > std::numeric_limits<std::uint32_t>::max()) return in_.wrong("a process number");
  event::ProcessFacts f;
  f.process = {static_cast<std::uint32_t>(pid), ScenarioSource::kStart - 1'000'000'000 + pid};
  while (!in_.at_end()) {
    const std::string_view o = in_.option();
    if (o == "start") {
      TRY_ASSIGN(f.process.start_ns, in_.number("a time in ns"));
    } else if (o == "uid") {
      TRY_ASSIGN(const std::uint64_t uid, in_.number("a user number"));
      f.uid = static_cast<std::uint32_t>(uid);
    } else if (o == "parent") {
      TRY_ASSIGN(const std::uint64_t parent, in_.number("a process number"));
      f.parent = key_of(parent);
    } else if (o == "argv") {
      TRY(in_.expect("[", "[ and the arguments"));
      while (!in_.accept("]")) {
        if (!f.argv.empty()) TRY(in_.expect(",", ", or ]"));
        TRY_ASSIGN(f.argv.emplace_back(), in_.text("an argument"));
      }
    } else {
      std::string* to = o == "exe"         ? &f.exe
                        : o == "comm"      ? &f.comm
                        : o == "cwd"       ? &f.cwd
                        : o == "user"      ? &f.user
                        : o == "cgroup"    ? &f.cgroup
                        : o == "container" ? &f.container
                        : o == "pod"       ? &f.pod
                                           : nullptr;
      if (to == nullptr) return in_.wrong("start= exe= argv= uid= parent= comm= cwd= user= cgroup= container= or pod=");
      TRY_ASSIGN(*to, in_.text("a text"));
    }
  }
  processes_[pid] = f.process;
  f.ts = now();
  out_.events_.emplace_back(std::move(f));
  return {};
}

Status ScenarioWriter::life(std::string_view verb) {
  if (verb == "fork") {
    TRY_ASSIGN(const base::ProcessKey parent, known_process("the parent"));
    TRY(in_.expect("->", "-> and the child"));
    TRY_ASSIGN(const base::ProcessKey child, known_process("the child"));
    out_.events_.emplace_back(event::ProcessFork{now(), parent, child});
    return {};
  }
  TRY_ASSIGN(const base::ProcessKey p, known_process("a process"));
  if (verb == "exit") {
    out_.events_.emplace_back(event::ProcessExit{now(), p});
    return {};
  }
  base::ProcessKey parent;
  if (in_.option() == "parent") {
    TRY_ASSIGN(const std::uint64_t pid, in_.number("a process number"));
    parent = key_of(pid);
  }
  out_.events_.emplace_back(event::ProcessExec{now(), p, parent});
  return {};
}

Status ScenarioWriter::moved(Way w) {
  TRY_ASSIGN(NamedFlow* const f, flow());
  TRY_ASSIGN(const base::ProcessKey who, known_process("a process"));
  TRY_ASSIGN(std::string payload, in_.payload());
  event::FlowData d{.flow = f->open.flow,
                    .way = w,
                    .actor = who,
                    .tid = who.pid,
                    .pos = f->position[std::to_underlying(w)],
                    .len = payload.size()};
  bool moves_position = true;
  while (!in_.at_end()) {
    const std::string_view o = in_.option();
    if (o == "tid") {
      TRY_ASSIGN(const std::uint64_t tid, in_.number("a thread number"));
      d.tid = static_cast<std::uint32_t>(tid);
    } else if (o == "pos") {
      TRY_ASSIGN(d.pos, in_.number("a position"));
      moves_position = false;
    } else if (o == "len") {
      TRY_ASSIGN(d.len, in_.number("how many bytes moved"));
      if (d.len < payload.size()) return in_.wrong("a length of at least the payload's");
      if (d.missing == base::LossReason::kCount) d.missing = base::LossReason::kCallTooLarge;
    } else if (o == "missing") {
      TRY_ASSIGN(d.missing, reason());
    } else {
      return in_.wrong("tid= pos= len= or missing=");
    }
  }
  if (moves_position) f->position[std::to_underlying(w)] += d.len;
  d.payload = keep(std::move(payload));
  d.ts = now();
  out_.events_.emplace_back(d);
  return {};
}

Status ScenarioWriter::send() {
  TRY_ASSIGN(NamedFlow* const f, flow());
  const bool one_object = f->open.kind == FlowKind::kPipe || f->open.kind == FlowKind::kFifo;
  if (!one_object && f->peer == base::FlowId{})
    return in_.wrong("a pipe, or an end whose other end is here (use write for a remote peer)");
  TRY_ASSIGN(const base::ProcessKey writer, known_process("the writer"));
  TRY(in_.expect("->", "-> and the reader"));
  TRY_ASSIGN(const base::ProcessKey reader, known_process("the reader"));
  TRY_ASSIGN(std::string payload, in_.payload());
  NamedFlow& at = one_object ? *f : *by_id_.at(std::to_underlying(f->peer));
  std::uint64_t& written = f->position[std::to_underlying(Way::kWrite)];
  std::uint64_t& read = at.position[std::to_underlying(Way::kRead)];
  out_.events_.emplace_back(event::FlowActor{now(), f->open.flow, Way::kWrite, writer, written});
  const std::uint64_t n = payload.size();
  out_.events_.emplace_back(event::FlowData{.ts = now(),
                                            .flow = at.open.flow,
                                            .way = Way::kRead,
                                            .actor = reader,
                                            .tid = reader.pid,
                                            .pos = read,
                                            .len = n,
                                            .payload = keep(std::move(payload))});
  written += n;
  read += n;
  return {};
}

Status ScenarioWriter::actor() {
  TRY_ASSIGN(const NamedFlow* f, flow());
  TRY_ASSIGN(const Way w, way());
  TRY_ASSIGN(const base::ProcessKey who, known_process("a process"));
  out_.events_.emplace_back(event::FlowActor{now(), f->open.flow, w, who, f->position[std::to_underlying(w)]});
  return {};
}

Status ScenarioWriter::holder() {
  TRY_ASSIGN(const NamedFlow* f, flow());
  TRY_ASSIGN(const base::ProcessKey who, known_process("a process"));
  TRY_ASSIGN(const std::string_view use, in_.word("r, w or rw"));
  if (use != "r" && use != "w" && use != "rw") return in_.wrong("r, w or rw");
  out_.events_.emplace_back(event::FlowHolder{now(), f->open.flow, who, use.contains('r'), use.contains('w')});
  return {};
}

Status ScenarioWriter::absent(std::string_view verb) {
  TRY_ASSIGN(NamedFlow* const f, flow());
  TRY_ASSIGN(const Way w, way());
  TRY_ASSIGN(const std::uint64_t n, in_.number("how many bytes"));
  std::uint64_t& position = f->position[std::to_underlying(w)];
  if (verb == "skip") out_.events_.emplace_back(event::FlowSkipped{now(), f->open.flow, w, position, n});
  position += n;
  return {};
}

Status ScenarioWriter::eof() {
  TRY_ASSIGN(const NamedFlow* f, flow());
  Way w = Way::kRead;
  if (!in_.at_end()) {
    TRY_ASSIGN(w, way());
  }
  out_.events_.emplace_back(event::FlowEof{now(), f->open.flow, w});
  return {};
}

Status ScenarioWriter::close() {
  TRY_ASSIGN(const NamedFlow* f, flow());
  // `send` counts the writer's bytes at the writer's end, so these are the true totals unless the line says otherwise.
  event::FlowClose c{.flow = f->open.flow, .read_total = f->position[0], .write_total = f->position[1]};
  while (!in_.at_end()) {
    const std::string_view o = in_.option();
    std::uint64_t* to = o == "read"            ? &c.read_total
                        : o == "write"         ? &c.write_total
                        : o == "read_ignored"  ? &c.read_ignored
                        : o == "write_ignored" ? &c.write_ignored
                                               : nullptr;
    if (to == nullptr) return in_.wrong("read= write= read_ignored= or write_ignored=");
    TRY_ASSIGN(*to, in_.number("how many bytes"));
  }
  c.ts = now();
  out_.events_.emplace_back(c);
  return {};
}

Status ScenarioWriter::note() {
  TRY_ASSIGN(const base::ProcessKey who, known_process("a process"));
  TRY_ASSIGN(const std::string_view what, in_.word("io_uring, unknown_tls, compat32, blind_reader or blind_writer"));
  const auto spot = event::blind_spot_named(what);
  if (!spot) return in_.wrong("io_uring, unknown_tls, compat32, blind_reader or blind_writer");
  event::ProcessNote n{.process = who, .what = *spot};
  while (!in_.at_end()) {
    const std::string_view o = in_.option();
    if (o == "flow") {
      TRY_ASSIGN(const NamedFlow* f, flow());
      n.flow = f->open.flow;
    } else if (o == "detail") {
      TRY_ASSIGN(n.detail, in_.text("a text"));
    } else {
      return in_.wrong("flow= or detail=");
    }
  }
  n.ts = now();
  out_.events_.emplace_back(std::move(n));
  return {};
}

Status ScenarioWriter::lost() {
  TRY_ASSIGN(const base::LossReason why, reason());
  event::Lost l{.reason = why, .records = 1};
  while (!in_.at_end()) {
    const std::string_view o = in_.option();
    std::uint64_t* to = o == "records" ? &l.records : o == "bytes" ? &l.bytes : nullptr;
    if (to == nullptr) return in_.wrong("records= or bytes=");
    TRY_ASSIGN(*to, in_.number("a number"));
  }
  l.ts = now();
  out_.events_.emplace_back(l);
  return {};
}

Status ScenarioWriter::time(std::string_view verb) {
  if (verb == "wait" || !in_.at_end()) {
    TRY_ASSIGN(const std::uint64_t span, in_.duration());
    now_ += span;
  }
  if (verb == "tick") out_.events_.emplace_back(event::Tick{now()});
  return {};
}

base::Result<ScenarioWriter::NamedFlow*> ScenarioWriter::flow() {
  TRY_ASSIGN(const std::string_view name, in_.word("the name of a flow"));
  const auto it = flows_.find(name);
  if (it == flows_.end())
    return in_.error(fmt::format("expected the name of a flow declared above, found \"{}\"", name));
  return &it->second;
}

base::Result<base::ProcessKey> ScenarioWriter::known_process(std::string_view expected) {
  TRY_ASSIGN(const std::uint64_t pid, in_.number(expected));
  const auto it = processes_.find(pid);
  if (it == processes_.end())
    return in_.error(fmt::format("expected {} declared above by process, found {}", expected, pid));
  return it->second;
}

base::Result<Way> ScenarioWriter::way() {
  TRY_ASSIGN(const std::string_view w, in_.word("read or write"));
  if (w == "read") return Way::kRead;
  if (w == "write") return Way::kWrite;
  return in_.wrong("read or write");
}

base::Result<base::LossReason> ScenarioWriter::reason() {
  TRY_ASSIGN(const std::string_view w, in_.word("why it is missing (ring_full, user_copy, ...)"));
  if (const auto r = event::loss_reason_named(w)) return *r;
  return in_.wrong(
      "why it is missing (ring_full user_copy call_too_large queue_full stream_gap blind_reader evicted recording_cut "
      "blind_writer)");
}

base::ProcessKey ScenarioWriter::key_of(std::uint64_t pid) const {
  const auto it = processes_.find(pid);
  return it != processes_.end() ? it->second : base::ProcessKey{static_cast<std::uint32_t>(pid), 0};
}

base::Timestamp ScenarioWriter::now() {
  const base::Timestamp t{now_};
  now_ += ScenarioSource::kStep;
  return t;
}

base::Bytes ScenarioWriter::keep(std::string text) {
  if (text.empty()) return {};
  const std::size_t n = text.size();
  std::string& s = out_.stored_.emplace_back(std::move(text));
  s.append(base::kPadding, '\0');
  return base::Bytes(s).substr(0, n);
}

}  // namespace mcpvigil::source
