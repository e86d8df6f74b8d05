// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <string_view>

#include "base/unique_fd.h"
#include "mcpvigil_bpf.skel.h"
#include "probe/syscall_table.h"

namespace mcpvigil::probe {

namespace {

using base::Error;
using base::ErrorCode;

// The last lines libbpf said: the reason when a load fails. libbpf has one global printer.
std::string& libbpf_says() {
  static std::string text;
  return text;
}

int keep_output(libbpf_print_level level, const char* format, va_list args) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[512];
  const int n = vsnprintf(line, sizeof line, format, args);
  std::string& text = libbpf_says();
  if (text.size() > 16384) text.erase(0, text.size() / 2);
  if (n > 0) text.append(line, std::min<std::size_t>(static_cast<std::size_t>(n), sizeof line - 1));
  return 0;
}

// What we would like to run, why, and what is lost without it. A group is satisfied by the first program of it that
// loads.
struct Wanted {
  const char* capability;
  std::vector<const char*> programs;
  const char* cost;
  bool required;
};

const std::vector<Wanted>& wanted() {
  static const std::vector<Wanted> list = {
      {"system calls", {"on_sys_exit", "on_sys_exit_61", "on_sys_exit_510"}, "nothing can be captured", true},
      {"process start", {"on_exec"}, "short-lived processes are named by pid only", false},
      {"process fork", {"on_fork"}, "lineage comes from procfs only", false},
      {"process end", {"on_exit"}, "ended processes are noticed late", false},
      {"snapshot of processes", {"on_task"}, "start times of running processes are approximate", false},
      {"snapshot of streams",
       {"on_task_file"},
       "streams open before the start are named when they next move bytes",
       false},
      {"stream control", {"set_mode"}, "streams that are not MCP stay on the expensive path", false},
      {"io_uring notice", {"on_uring_req", "on_uring_sqe"}, "users of io_uring are not reported", false},
  };
  return list;
}

// The list with system calls in just this variant.
std::vector<Wanted> wanted(const std::string& variant) {
  std::vector<Wanted> list = wanted();
  if (variant.empty()) return list;
  const std::string name = variant == "now" ? "on_sys_exit" : "on_sys_exit_" + variant;
  std::erase_if(list.front().programs, [&](const char* p) { return p != name; });
  return list;
}

constexpr const char* kTlsPrograms[] = {"on_ssl_rw",     "on_ssl_rw_ex",  "on_ssl_wr_ex2",  "on_ssl_other",
                                        "on_ssl_rd_ret", "on_ssl_wr_ret", "on_ssl_oth_ret", "on_ssl_free"};
constexpr const char* kTlsPrograms510[] = {"on_ssl_rw",     "on_ssl_rw_ex",  "on_ssl_wr_ex2",  "on_ssl_other",
                                           "on_ssl_rd_510", "on_ssl_wr_510", "on_ssl_oth_ret", "on_ssl_free"};

}  // namespace

struct Kernel::State {
  mcpvigil_bpf* skel = nullptr;
  KernelOptions options;
  Capabilities capabilities;
  std::vector<bpf_link*> links;
  int set_mode_fd = -1;

  ~State() {
    for (bpf_link* l : links) bpf_link__destroy(l);
    if (skel != nullptr) mcpvigil_bpf__destroy(skel);
  }
};

Kernel::Kernel() : s_(std::make_unique<State>()) {}
Kernel::~Kernel() = default;

namespace {

// Opens the object with just these programs switched on.
mcpvigil_bpf* open_with(const std::set<std::string>& programs, const KernelOptions& options) {
  mcpvigil_bpf* skel = mcpvigil_bpf__open();
  if (skel == nullptr) return nullptr;
  bpf_program* p = nullptr;
  bpf_object__for_each_program(p, skel->obj) {
    bpf_program__set_autoload(p, programs.contains(bpf_program__name(p)));
    const std::string_view section = bpf_program__section_name(p);
    if (section.find("uprobe") != std::string_view::npos || section.find("uretprobe") != std::string_view::npos) {
      // BPF_TRACE_UPROBE_MULTI (6.6): not in the headers of libbpf 1.1. Older kernels do not look at it.
      bpf_program__set_expected_attach_type(p, static_cast<bpf_attach_type>(48));
    }
  }
  bpf_map__set_max_entries(skel->maps.events, static_cast<__u32>(options.ring_bytes));
  skel->rodata->mv_self_tgid = static_cast<__u32>(getpid());
  skel->rodata->mv_tls_enabled = options.tls ? 1 : 0;
  fill_syscall_table(reinterpret_cast<unsigned char*>(const_cast<__u8*>(skel->rodata->mv_ops)));
  return skel;
}

bool loads(const std::set<std::string>& programs, const KernelOptions& options, std::string& why) {
  KernelOptions small = options;
  small.ring_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  libbpf_says().clear();
  mcpvigil_bpf* skel = open_with(programs, small);
  if (skel == nullptr) {
    why = std::strerror(errno);
    return false;
  }
  const int err = mcpvigil_bpf__load(skel);
  mcpvigil_bpf__destroy(skel);
  if (err != 0) why = std::strerror(-err);
  return err == 0;
}

}  // namespace

base::Result<std::unique_ptr<Kernel>> Kernel::load(const KernelOptions& options) {
  if (geteuid() != 0) {
    return Error{ErrorCode::kPermission, EPERM,
                 "capturing needs root (CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH): run it with sudo"};
  }
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return Error{ErrorCode::kUnsupported, ENOENT,
                 "this kernel has no type information (/sys/kernel/btf/vmlinux): boot one built with "
                 "CONFIG_DEBUG_INFO_BTF=y, 5.10 or later"};
  }
  libbpf_set_print(keep_output);
  rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};  // kernels before 5.11 charge maps to it; a refusal shows at load
  setrlimit(RLIMIT_MEMLOCK, &unlimited);

  auto kernel = std::unique_ptr<Kernel>(new Kernel());
  State& s = *kernel->s_;
  s.options = options;

  // First everything at once, with the newest variant of each; only if that is refused, one by one.
  const std::vector<Wanted> list = wanted(options.force_variant);
  if (list.front().programs.empty()) return Error{ErrorCode::kInvalid, 0, "no such variant: " + options.force_variant};
  const bool old_tls = options.force_variant == "510";
  std::set<std::string> programs;
  for (const Wanted& w : list) programs.insert(w.programs.front());
  programs.insert("on_uring_sqe");
  if (options.tls && !old_tls) programs.insert(std::begin(kTlsPrograms), std::end(kTlsPrograms));
  if (options.tls && old_tls) programs.insert(std::begin(kTlsPrograms510), std::end(kTlsPrograms510));

  std::string tls_why;
  std::vector<std::pair<std::string, std::string>> refused;  // program, why
  s.skel = open_with(programs, options);
  if (s.skel == nullptr) return base::errno_error("open BPF object", errno);
  if (mcpvigil_bpf__load(s.skel) != 0) {
    const std::string first_words = libbpf_says();
    mcpvigil_bpf__destroy(s.skel);
    s.skel = nullptr;
    programs.clear();
    for (const Wanted& w : list) {
      std::string why;
      for (const char* p : w.programs) {
        if (loads({p}, options, why)) {
          programs.insert(p);
          break;
        }
        refused.emplace_back(p, why);
      }
    }
    // Loading does not tell which of the two tracepoints exists; attaching does.
    if (programs.contains("on_uring_req")) programs.insert("on_uring_sqe");
    if (options.tls) {
      std::set<std::string> tls(std::begin(kTlsPrograms), std::end(kTlsPrograms));
      if (old_tls || !loads(tls, options, tls_why)) tls = {std::begin(kTlsPrograms510), std::end(kTlsPrograms510)};
      if (loads(tls, options, tls_why)) programs.insert(tls.begin(), tls.end());
    }
    s.skel = open_with(programs, options);
    if (s.skel == nullptr) return base::errno_error("open BPF object", errno);
    const int err = mcpvigil_bpf__load(s.skel);
    if (err != 0) {
      std::string said = libbpf_says().empty() ? first_words : libbpf_says();
      if (said.size() > 2000) said.erase(0, said.size() - 2000);
      return Error{err == -EPERM ? ErrorCode::kPermission : ErrorCode::kUnsupported, -err,
                   "the kernel refused every probe: " + std::string(std::strerror(-err)) + "\n" + said};
    }
  }
  for (const Wanted& w : list) {
    Capability c{w.capability, false, "", ""};
    for (const char* p : w.programs) {
      if (programs.contains(p)) {
        c.ok = true;
        c.how += c.how.empty() ? p : std::string(", ") + p;
      }
    }
    if (!c.ok) {
      c.cost = w.cost;
      for (const auto& [p, why] : refused) {
        for (const char* q : w.programs) {
          if (p == q) c.how += (c.how.empty() ? "" : "; ") + p + ": " + why;
        }
      }
      if (w.required) {
        return Error{ErrorCode::kUnsupported, 0,
                     std::string("the kernel refused the ") + w.capability + " probe (" + c.how + "): " + w.cost};
      }
    }
    s.capabilities.push_back(std::move(c));
  }
  if (options.tls) {
    const bool ok = programs.contains("on_ssl_rw");
    s.capabilities.push_back({"tls: OpenSSL", ok, ok ? "uprobes" : tls_why, ok ? "" : "TLS plaintext is not seen"});
  } else {
    s.capabilities.push_back({"tls: OpenSSL", false, "switched off", "TLS plaintext is not seen"});
  }
  if (s.skel->progs.set_mode != nullptr) s.set_mode_fd = bpf_program__fd(s.skel->progs.set_mode);
  malloc_trim(0);  // libbpf's copy of the kernel's BTF, tens of MiB, is gone by now
  return kernel;
}

base::Status Kernel::attach() {
  State& s = *s_;
  // Processes first: a stream's first bytes should find their process known. System calls last.
  const char* const order[] = {"on_fork",      "on_exec",     "on_exit",        "on_uring_req",
                               "on_uring_sqe", "on_sys_exit", "on_sys_exit_61", "on_sys_exit_510"};
  std::vector<std::pair<std::string, std::string>> failed;  // program, why
  std::set<std::string> attached;
  for (const char* name : order) {
    bpf_program* p = program(name);
    if (p == nullptr) continue;
    bpf_link* link = bpf_program__attach(p);
    if (link == nullptr) {
      const int err = errno;
      const std::string_view n = name;
      if (n.starts_with("on_sys_exit")) return base::errno_error(std::string("attach ") + name, err);
      failed.emplace_back(name, std::strerror(err));
      continue;
    }
    s.links.push_back(link);
    attached.insert(name);
  }
  for (const auto& [name, why] : failed) {
    for (const Wanted& w : wanted()) {
      const auto is_one_of = [&](const std::string& p) {
        return std::find(w.programs.begin(), w.programs.end(), p) != w.programs.end();
      };
      // One of a group is enough: a tracepoint was renamed, a program has an older variant.
      if (!is_one_of(name) ||
          std::any_of(w.programs.begin(), w.programs.end(), [&](const char* p) { return attached.contains(p); }))
        continue;
      for (Capability& c : s.capabilities) {
        if (c.name == w.capability) c = {c.name, false, name + ": " + why, w.cost};
      }
    }
  }
  return {};
}

void Kernel::detach() {
  for (bpf_link* l : s_->links) bpf_link__destroy(l);
  s_->links.clear();
}

const Capabilities& Kernel::capabilities() const { return s_->capabilities; }
int Kernel::ring_fd() const { return bpf_map__fd(s_->skel->maps.events); }

bpf_program* Kernel::program(const char* name) const {
  bpf_program* p = bpf_object__find_program_by_name(s_->skel->obj, name);
  return p != nullptr && bpf_program__fd(p) >= 0 ? p : nullptr;
}

namespace {

// Runs an iterator to its end.
base::Status run_iterator(bpf_program* p) {
  if (p == nullptr) return {};
  bpf_link* link = bpf_program__attach_iter(p, nullptr);
  if (link == nullptr) return base::errno_error("attach iterator", errno);
  const base::UniqueFd fd(bpf_iter_create(bpf_link__fd(link)));
  base::Status status;
  if (!fd) {
    status = base::errno_error("create iterator", errno);
  } else {
    char buf[4096];
    ssize_t n = 0;
    while ((n = ::read(fd.get(), buf, sizeof buf)) > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN))) {
    }
    if (n < 0) status = base::errno_error("run iterator", errno);
  }
  bpf_link__destroy(link);
  return status;
}

}  // namespace

base::Status Kernel::snapshot() {
  TRY(run_iterator(program("on_task")));
  s_->skel->bss->mv_sweep = 0;
  return run_iterator(program("on_task_file"));
}

base::Status Kernel::sweep(std::vector<std::pair<std::uint64_t, mv_flow_key>>& flows) {
  State& s = *s_;
  bpf_program* p = program("on_task_file");
  if (p == nullptr) {
    flows.clear();
    return {};
  }
  s.skel->bss->mv_sweep_round = s.skel->bss->mv_sweep_round + 1;
  const std::uint64_t round = s.skel->bss->mv_sweep_round;
  s.skel->bss->mv_sweep = 1;
  const base::Status status = run_iterator(p);
  s.skel->bss->mv_sweep = 0;
  if (!status) {
    flows.clear();
    return status;
  }
  const int fd = bpf_map__fd(s.skel->maps.alive);
  std::erase_if(flows, [&](const auto& f) {
    std::uint64_t seen = 0;
    return bpf_map_lookup_elem(fd, &f.second, &seen) == 0 && seen == round;
  });
  return {};
}

bool Kernel::apply(const mv_flow_key& key, std::uint64_t flow, int way, int mode) const {
  if (s_->set_mode_fd < 0) return false;
  __u64 args[5] = {key.object, key.number, flow, static_cast<__u64>(way), static_cast<__u64>(mode)};
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  opts.ctx_in = args;
  opts.ctx_size_in = sizeof args;
  return bpf_prog_test_run_opts(s_->set_mode_fd, &opts) == 0 && opts.retval == 0;
}

namespace {
// As struct flow in bpf/maps/maps.bpf.h begins.
struct FlowValue {
  std::uint64_t id, read, write, read_ignored, write_ignored;
  std::uint64_t rest[9];
};
}  // namespace

bool Kernel::totals(const mv_flow_key& key, FlowTotals& out) const {
  char value[256] = {};
  if (bpf_map__value_size(s_->skel->maps.flows) > sizeof value) return false;
  if (bpf_map_lookup_elem(bpf_map__fd(s_->skel->maps.flows), &key, value) != 0) return false;
  FlowValue v;
  std::memcpy(&v, value, sizeof v);
  out = {v.read, v.write, v.read_ignored, v.write_ignored};
  return true;
}

void Kernel::forget(const mv_flow_key& key) const { bpf_map_delete_elem(bpf_map__fd(s_->skel->maps.flows), &key); }

std::uint64_t Kernel::counter(unsigned which) const {
  static const int cpus = libbpf_num_possible_cpus();
  std::uint64_t per_cpu[1024];
  if (cpus <= 0 || cpus > 1024) return 0;
  if (bpf_map_lookup_elem(bpf_map__fd(s_->skel->maps.stats), &which, per_cpu) != 0) return 0;
  return std::accumulate(per_cpu, per_cpu + cpus, std::uint64_t{0});
}

std::array<std::uint64_t, MV_STAT_MAX> Kernel::counters() const {
  std::array<std::uint64_t, MV_STAT_MAX> sum{};
  for (unsigned i = 0; i < MV_STAT_MAX; ++i) sum[i] = counter(i);
  return sum;
}

}  // namespace mcpvigil::probe
