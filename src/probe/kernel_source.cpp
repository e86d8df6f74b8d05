// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel_source.h"

#include <time.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "probe/kernel.h"
#include "probe/privileges.h"
#include "probe/process_table.h"
#include "probe/ring_drain.h"
#include "probe/tls_targets.h"
#include "probe/uprobes.h"

namespace mcpvigil::probe {

namespace {

using base::FlowId;
using base::LossReason;
using base::Timestamp;
using event::Way;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kTickNs = 100'000'000;       // how often time is told while nothing else happens
constexpr std::uint64_t kSweepSoonNs = 2 * kSecond;  // after a process that moved bytes ended
constexpr std::uint64_t kSweepNs = 30 * kSecond;     // otherwise
constexpr std::uint64_t kSweepAge = kSecond;         // younger streams are left alone

std::uint64_t clock_ns(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

// Could these bytes matter to anyone? A cheap look to decide whose facts to read from procfs.
bool worth_a_look(std::string_view b) {
  std::size_t i = 0;
  while (i < b.size() && i < 64 &&
         (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t' || b[i] == '\xef' || b[i] == '\xbb' ||
          b[i] == '\xbf'))
    ++i;
  if (i == b.size()) return false;
  const std::string_view rest = b.substr(i);
  return rest[0] == '{' || rest[0] == '[' || rest.starts_with("POST ") || rest.starts_with("GET ") ||
         rest.starts_with("HTTP/") || rest.starts_with("DELETE ") || rest.starts_with("PRI * ") ||
         rest.starts_with("event:") || rest.starts_with("data:") || b.find("\n{") != std::string_view::npos;
}

struct KnownFlow {
  mv_flow_key key{};
  std::uint8_t kind = 0;
  bool interesting = false;
  bool suspect = false;  // nobody held it at the last sweep
  FlowTotals suspect_totals;
  std::uint64_t opened = 0;  // boot ns
  mv_actor last[2] = {};     // who moved bytes last, by way
};

LossReason missing_reason(std::uint8_t why, std::uint8_t way) {
  if (why == MV_MISSING_NONE) return LossReason::kCount;
  if (why == MV_MISSING_BLIND && way == MV_WAY_WRITE) return LossReason::kBlindWriter;
  return static_cast<LossReason>(why);
}

}  // namespace

struct KernelSource::State {
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<RingDrain> drain;
  std::unique_ptr<Uprobes> uprobes;
  std::unique_ptr<TlsTargets> targets;
  std::uint64_t boot_to_wall = 0;
  std::unique_ptr<ProcessTable> processes;

  std::vector<event::Event> events;
  std::deque<std::string> paths;  // what FlowOpen::path of this batch points to
  std::unique_ptr<Block> block;
  std::unordered_map<std::uint64_t, KnownFlow> flows;
  std::array<std::uint64_t, MV_STAT_MAX> last_counters{};
  std::uint64_t next_tick = 0, next_sweep = 0, next_counters = 0;
  bool sweep_soon = false;
  bool stopping = false, ended = false;

  // The TLS thread: process ids in, findings out.
  std::mutex tls_mutex;
  std::condition_variable tls_wake;
  std::deque<std::uint32_t> tls_pids;
  std::deque<std::pair<std::uint64_t, TlsFinding>> tls_findings;
  std::set<std::pair<std::uint32_t, std::string>> tls_said;
  std::atomic<bool> tls_stop{false};
  std::thread tls_thread;

  ~State() {
    tls_stop = true;
    tls_wake.notify_all();
    if (tls_thread.joinable()) tls_thread.join();
    targets.reset();
    uprobes.reset();
    drain.reset();
    kernel.reset();
  }

  [[nodiscard]] Timestamp wall(std::uint64_t boot) const { return {boot + boot_to_wall}; }

  void start_tls();
  void decode(std::string_view record);
  void on_data(std::string_view record);
  void on_flow(const mv_flow_open& e);
  void on_mapped(const mv_mapped& m);
  void periodic(std::uint64_t now);
  void report_losses(Timestamp ts);
  void sweep(std::uint64_t now);
  void close_flow(std::uint64_t id, const KnownFlow& f, std::uint64_t now);
};

KernelSource::KernelSource() : s_(std::make_unique<State>()) {}
KernelSource::~KernelSource() = default;

base::Result<std::unique_ptr<KernelSource>> KernelSource::open(const LiveOptions& options) {
  auto source = std::unique_ptr<KernelSource>(new KernelSource());
  State& s = *source->s_;
  TRY_ASSIGN(s.kernel, Kernel::load({options.ring_bytes, options.tls, options.force_variant}));
  if (options.drop_privileges) TRY(drop_privileges());
  s.boot_to_wall = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
  s.processes = std::make_unique<ProcessTable>(s.boot_to_wall);
  TRY_ASSIGN(s.drain, RingDrain::start(s.kernel->ring_fd(), options.ring_bytes, options.queue_bytes));
  TRY(s.kernel->attach());
  if (options.snapshot) TRY(s.kernel->snapshot());
  if (options.tls) s.start_tls();
  const std::uint64_t now = clock_ns(CLOCK_BOOTTIME);
  s.next_tick = now + kTickNs;
  s.next_sweep = now + kSweepNs;
  s.next_counters = now + kSecond;
  return source;
}

void KernelSource::State::start_tls() {
  if (kernel->program("on_ssl_rw") != nullptr) uprobes = std::make_unique<Uprobes>(*kernel);
  targets = std::make_unique<TlsTargets>(uprobes.get(), [this](const TlsFinding& f) {
    const std::lock_guard lock(tls_mutex);
    if (tls_said.size() > 65536) tls_said.clear();
    if (f.covered || !tls_said.emplace(f.pid, f.file).second || tls_findings.size() > 4096) return;
    tls_findings.emplace_back(clock_ns(CLOCK_BOOTTIME), f);
  });
  targets->look_at_all();
  tls_thread = std::thread([this] {
    std::unique_lock lock(tls_mutex);
    while (!tls_stop) {
      if (tls_pids.empty()) {
        tls_wake.wait(lock);
        continue;
      }
      const std::uint32_t pid = tls_pids.front();
      tls_pids.pop_front();
      lock.unlock();
      targets->look_at_process(pid);
      lock.lock();
    }
  });
}

Capabilities KernelSource::capabilities() const { return s_->kernel->capabilities(); }

KernelCounters KernelSource::counters() const {
  const auto c = s_->kernel->counters();
  return {c[MV_STAT_SEEN],         c[MV_STAT_COPIED],       c[MV_STAT_COUNTED],    c[MV_STAT_IGNORED],
          c[MV_STAT_LOST_RING],    c[MV_STAT_LOST_USER],    c[MV_STAT_LOST_LARGE], c[MV_STAT_RECORDS],
          c[MV_STAT_RECORDS_LOST], c[MV_STAT_CONTROL_LOST], c[MV_STAT_FLOWS],      c[MV_STAT_FLOW_FAIL],
          c[MV_STAT_COMPAT32],     c[MV_STAT_BLIND],        c[MV_STAT_REOPENED]};
}

void KernelSource::stop() {
  if (s_->stopping) return;
  s_->stopping = true;
  s_->kernel->detach();
  s_->drain->finish();
}

base::Result<source::Batch> KernelSource::next() {
  State& s = *s_;
  s.events.clear();
  s.paths.clear();
  if (s.block) s.drain->recycle(std::move(s.block));
  if (s.ended) return source::Batch{source::SourceState::kEnd, {}};
  s.block = s.drain->take(s.stopping ? 0 : static_cast<int>(kTickNs / 1'000'000));
  if (s.block) {
    // A jump in positions in this block should find the reason already said.
    if (s.kernel->counter(MV_STAT_LOST_RING) != s.last_counters[MV_STAT_LOST_RING])
      s.report_losses(s.wall(clock_ns(CLOCK_BOOTTIME)));
    s.block->each([&](std::string_view record) { s.decode(record); });
  }
  const std::uint64_t now = clock_ns(CLOCK_BOOTTIME);
  if (s.stopping && !s.block) {
    s.report_losses(s.wall(now));
    for (const auto& [id, f] : s.flows) s.close_flow(id, f, now);
    s.flows.clear();
    s.ended = true;
  } else {
    s.periodic(now);
  }
  if (s.events.empty()) return source::Batch{s.ended ? source::SourceState::kEnd : source::SourceState::kIdle, {}};
  return source::Batch{source::SourceState::kBatch, s.events};
}

void KernelSource::State::decode(std::string_view record) {
  mv_header h;
  std::memcpy(&h, record.data(), sizeof h);
  const auto as = [&]<typename T>(T& out) {
    if (record.size() < sizeof out) return false;
    std::memcpy(&out, record.data(), sizeof out);
    return true;
  };
  switch (h.type) {
    case MV_EV_DATA:
    case MV_EV_ACTOR:
    case MV_EV_EOF:
    case MV_EV_SKIPPED:
    case MV_EV_HOLDER: on_data(record); return;
    case MV_EV_FLOW: {
      mv_flow_open e;
      if (as(e)) on_flow(e);
      return;
    }
    case MV_EV_EXEC:
    case MV_EV_FORK:
    case MV_EV_EXIT:
    case MV_EV_TASK: {
      mv_process p;
      if (!as(p)) return;
      std::string_view argv = record.substr(sizeof p);
      argv = argv.substr(0, std::min<std::size_t>(argv.size(), p.argv_len));
      const std::size_t before = events.size();
      processes->on_record(p, argv, events);
      if (h.type == MV_EV_EXIT && events.size() != before) sweep_soon = true;
      return;
    }
    case MV_EV_NOTE: {
      mv_note n;
      if (!as(n)) return;
      if (n.flow == 0) processes->tell(n.actor, wall(h.ts), events);
      events.emplace_back(event::ProcessNote{
          wall(h.ts), processes->key(n.actor), static_cast<event::BlindSpot>(n.what), FlowId{n.flow}, {}});
      return;
    }
    case MV_EV_CLOSE: {
      mv_close c;
      if (!as(c)) return;
      flows.erase(c.flow);
      events.emplace_back(
          event::FlowClose{wall(h.ts), FlowId{c.flow}, c.read_total, c.write_total, c.read_ignored, c.write_ignored});
      return;
    }
    case MV_EV_MAPPED: {
      mv_mapped m;
      if (as(m)) on_mapped(m);
      return;
    }
    default: return;
  }
}

void KernelSource::State::on_data(std::string_view record) {
  mv_data d;
  if (record.size() < sizeof d) return;
  std::memcpy(&d, record.data(), sizeof d);
  const Timestamp ts = wall(d.h.ts);
  const FlowId flow{d.flow};
  const Way way = d.way == MV_WAY_READ ? Way::kRead : Way::kWrite;
  if (d.h.type == MV_EV_HOLDER) {
    events.emplace_back(event::FlowHolder{ts, flow, processes->key(d.actor), static_cast<std::uint8_t>(d.way & 1),
                                          static_cast<std::uint8_t>((d.way >> 1) & 1)});
    return;
  }
  const std::string_view payload = record.substr(sizeof d).substr(0, d.h.payload);
  const auto it = flows.find(d.flow);
  if (it != flows.end() && d.h.type != MV_EV_EOF) {
    KnownFlow& f = it->second;
    f.last[d.way & 1] = d.actor;
    if (!f.interesting && worth_a_look(payload)) {
      f.interesting = true;
      processes->tell(f.last[0], ts, events);
      processes->tell(f.last[1], ts, events);
    } else if (f.interesting) {
      processes->tell(d.actor, ts, events);
    }
  }
  switch (d.h.type) {
    case MV_EV_DATA:
      events.emplace_back(event::FlowData{ts, flow, way, processes->key(d.actor), d.actor.tid, d.pos, d.len, payload,
                                          missing_reason(d.missing, d.way)});
      return;
    case MV_EV_ACTOR: events.emplace_back(event::FlowActor{ts, flow, way, processes->key(d.actor), d.pos}); return;
    case MV_EV_EOF: events.emplace_back(event::FlowEof{ts, flow, way}); return;
    default: events.emplace_back(event::FlowSkipped{ts, flow, way, d.pos, d.len}); return;
  }
}

void KernelSource::State::on_flow(const mv_flow_open& e) {
  KnownFlow& f = flows[e.flow];
  f.key = e.key;
  f.kind = e.kind;
  if (f.opened == 0) f.opened = e.h.ts;
  event::FlowOpen o;
  o.ts = wall(e.h.ts);
  o.flow = FlowId{e.flow};
  o.kind = static_cast<event::FlowKind>(e.kind);
  o.inode = e.inode;
  o.peer_inode = e.peer_inode;
  o.tls_socket = FlowId{e.tls_socket};
  o.netns = e.netns;
  o.from_snapshot = e.snapshot != 0;
  if (e.kind == MV_KIND_TCP) {
    o.local.family = o.remote.family = e.family;
    std::memcpy(o.local.ip.data(), e.local_ip, 16);
    std::memcpy(o.remote.ip.data(), e.remote_ip, 16);
    o.local.port = e.local_port;
    o.remote.port = e.remote_port;
  }
  if (e.kind == MV_KIND_PTY) {
    paths.push_back("pts/" + std::to_string(e.local_port));
    o.path = paths.back();
  } else if (e.path_len != 0) {
    std::string p(e.path, std::min<std::size_t>(e.path_len, sizeof e.path));
    if (p.front() == '\0') p.front() = '@';
    if (const std::size_t nul = p.find('\0'); nul != std::string::npos) p.resize(nul);
    paths.push_back(std::move(p));
    o.path = paths.back();
  }
  events.emplace_back(o);
}

void KernelSource::State::on_mapped(const mv_mapped& m) {
  if (!targets) return;
  const std::lock_guard lock(tls_mutex);
  if (!tls_pids.empty() && tls_pids.back() == m.actor.tgid) return;
  if (tls_pids.size() < 65536) tls_pids.push_back(m.actor.tgid);
  tls_wake.notify_one();
}

void KernelSource::State::periodic(std::uint64_t now) {
  if (now >= next_counters) {
    next_counters = now + kSecond;
    report_losses(wall(now));
  }
  {
    const std::lock_guard lock(tls_mutex);
    while (!tls_findings.empty()) {
      const auto& [at, f] = tls_findings.front();
      const base::ProcessKey who = processes->tell_pid(f.pid, wall(at), events);
      event::ProcessNote note{wall(at), who, event::BlindSpot::kUnknownTls, FlowId{},
                              f.stack + " in " + f.file + ": " + f.why};
      events.emplace_back(std::move(note));
      tls_findings.pop_front();
    }
  }
  if (now >= next_sweep || (sweep_soon && now + kSweepNs >= next_sweep + kSweepSoonNs)) {
    sweep(now);
    sweep_soon = false;
    next_sweep = now + kSweepNs;
  }
  if (now >= next_tick) {
    next_tick = now + kTickNs;
    events.emplace_back(event::Tick{wall(now)});
  }
}

void KernelSource::State::report_losses(Timestamp ts) {
  const auto now = kernel->counters();
  const auto say = [&](int bytes, int records, LossReason why) {
    const std::uint64_t b = now[static_cast<std::size_t>(bytes)] - last_counters[static_cast<std::size_t>(bytes)];
    const std::uint64_t r =
        records < 0 ? 0 : now[static_cast<std::size_t>(records)] - last_counters[static_cast<std::size_t>(records)];
    if (b != 0 || r != 0) events.emplace_back(event::Lost{ts, why, r, b});
  };
  say(MV_STAT_LOST_RING, MV_STAT_RECORDS_LOST, LossReason::kRingFull);
  say(MV_STAT_LOST_USER, -1, LossReason::kUserCopy);
  say(MV_STAT_LOST_LARGE, -1, LossReason::kCallTooLarge);
  last_counters = now;
}

void KernelSource::State::close_flow(std::uint64_t id, const KnownFlow& f, std::uint64_t now) {
  FlowTotals t;
  if (!kernel->totals(f.key, t)) t = f.suspect_totals;  // evicted: the last we knew
  events.emplace_back(event::FlowClose{wall(now), FlowId{id}, t.read, t.write, t.read_ignored, t.write_ignored});
}

// A stream nobody holds at two sweeps in a row, and that did not move between them, is gone. (Once is not enough: a
// descriptor may be on its way between processes.)
void KernelSource::State::sweep(std::uint64_t now) {
  std::vector<std::pair<std::uint64_t, mv_flow_key>> candidates;
  candidates.reserve(flows.size());
  for (const auto& [id, f] : flows) {
    if (f.kind != MV_KIND_TLS && f.opened + kSweepAge < now) candidates.emplace_back(id, f.key);
  }
  if (!kernel->sweep(candidates)) return;
  const std::set<std::uint64_t> dead = [&] {
    std::set<std::uint64_t> ids;
    for (const auto& [id, key] : candidates) ids.insert(id);
    return ids;
  }();
  bool again = false;
  for (auto it = flows.begin(); it != flows.end();) {
    KnownFlow& f = it->second;
    if (!dead.contains(it->first)) {
      f.suspect = false;
      ++it;
      continue;
    }
    FlowTotals t;
    const bool there = kernel->totals(f.key, t);
    if (f.suspect && (!there || (t.read == f.suspect_totals.read && t.write == f.suspect_totals.write))) {
      close_flow(it->first, f, now);
      kernel->forget(f.key);
      it = flows.erase(it);
      continue;
    }
    f.suspect = true;
    f.suspect_totals = t;
    again = true;
    ++it;
  }
  if (again) sweep_soon = true;
}

void KernelSource::set_copy(base::FlowId flow, Way way, stream::CopyMode mode) {
  const auto it = s_->flows.find(static_cast<std::uint64_t>(flow));
  if (it == s_->flows.end()) return;
  s_->kernel->apply(it->second.key, it->first, static_cast<int>(way), static_cast<int>(mode));
}

}  // namespace mcpvigil::probe
