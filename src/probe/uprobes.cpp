// SPDX-License-Identifier: Apache-2.0
#include "probe/uprobes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "probe/kernel.h"

namespace mcpvigil::probe {

namespace {

struct Hook {
  std::string_view function;
  const char* entry;
  const char* ret;  // null: entry only
};
constexpr std::array<Hook, 8> kHooks = {{
    {"SSL_read", "on_ssl_rw", "on_ssl_rd_ret"},
    {"SSL_write", "on_ssl_rw", "on_ssl_wr_ret"},
    {"SSL_read_ex", "on_ssl_rw_ex", "on_ssl_rd_ret"},
    {"SSL_write_ex", "on_ssl_rw_ex", "on_ssl_wr_ret"},
    {"SSL_write_ex2", "on_ssl_wr_ex2", "on_ssl_wr_ret"},
    {"SSL_do_handshake", "on_ssl_other", "on_ssl_oth_ret"},
    {"SSL_shutdown", "on_ssl_other", "on_ssl_oth_ret"},
    {"SSL_free", "on_ssl_free", nullptr},
}};

// BPF_LINK_CREATE for BPF_TRACE_UPROBE_MULTI, include/uapi/linux/bpf.h since 6.6; libbpf 1.1 does not have it.
struct LinkCreateUprobeMulti {
  __u32 prog_fd, target_fd, attach_type, flags;
  __u64 path, offsets, ref_ctr_offsets, cookies;
  __u32 cnt, multi_flags, pid, pad;
};
constexpr __u32 kUprobeMulti = 48;
constexpr __u32 kMultiReturn = 1;

int create_multi(int prog_fd, const std::string& path, const std::vector<unsigned long>& offsets, bool ret) {
  LinkCreateUprobeMulti a{};
  a.prog_fd = static_cast<__u32>(prog_fd);
  a.attach_type = kUprobeMulti;
  a.path = reinterpret_cast<__u64>(path.c_str());
  a.offsets = reinterpret_cast<__u64>(offsets.data());
  a.cnt = static_cast<__u32>(offsets.size());
  a.multi_flags = ret ? kMultiReturn : 0;
  return static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof a));
}

}  // namespace

struct Uprobes::State {
  const Kernel& kernel;
  bool multi = true;  // until the kernel says no
  std::vector<base::UniqueFd> links;
  std::vector<bpf_link*> perf_links;
};

Uprobes::Uprobes(const Kernel& kernel) : s_(new State{kernel, true, {}, {}}) {}

Uprobes::~Uprobes() {
  std::vector<std::jthread> closers;
  const std::size_t n = std::min<std::size_t>(16, s_->links.size() + s_->perf_links.size());
  for (std::size_t t = 0; t < n; ++t) {
    closers.emplace_back([this, t, n] {
      for (std::size_t i = t; i < s_->links.size(); i += n) s_->links[i].reset();
      for (std::size_t i = t; i < s_->perf_links.size(); i += n) bpf_link__destroy(s_->perf_links[i]);
    });
  }
}

bool Uprobes::uses_multi() const { return s_->multi; }

base::Result<int> Uprobes::attach(const std::string& path, const std::vector<elf::FunctionSymbol>& functions) {
  int hooked = 0;
  // One link for each program: all the functions it serves in this file.
  std::vector<std::pair<const char*, bool>> programs;
  for (const Hook& h : kHooks) {
    for (const auto& [name, ret] : {std::pair{h.entry, false}, std::pair{h.ret, true}}) {
      if (name == nullptr) continue;
      const std::pair<const char*, bool> p{name, ret};
      if (std::none_of(programs.begin(), programs.end(),
                       [&](const auto& q) { return std::string_view(q.first) == name; }))
        programs.push_back(p);
    }
  }
  // Returns first: an entry without its return would only cost.
  std::stable_sort(programs.begin(), programs.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [name, ret] : programs) {
    bpf_program* program = s_->kernel.program(name);
    if (program == nullptr && std::string_view(name) == "on_ssl_rd_ret") program = s_->kernel.program("on_ssl_rd_510");
    if (program == nullptr && std::string_view(name) == "on_ssl_wr_ret") program = s_->kernel.program("on_ssl_wr_510");
    if (program == nullptr) continue;
    std::vector<unsigned long> offsets;
    for (const Hook& h : kHooks) {
      const char* mine = ret ? h.ret : h.entry;
      if (mine == nullptr || std::string_view(mine) != name) continue;
      for (const elf::FunctionSymbol& f : functions) {
        if (f.name == h.function && std::find(offsets.begin(), offsets.end(), f.offset) == offsets.end())
          offsets.push_back(f.offset);
      }
    }
    if (offsets.empty()) continue;
    if (s_->multi) {
      const int fd = create_multi(bpf_program__fd(program), path, offsets, ret);
      if (fd >= 0) {
        s_->links.emplace_back(fd);
        hooked += ret ? 0 : static_cast<int>(offsets.size());
        continue;
      }
      s_->multi = false;
    }
    for (const unsigned long offset : offsets) {
      bpf_link* link = bpf_program__attach_uprobe(program, ret, -1, path.c_str(), offset);
      if (link == nullptr) return base::errno_error("attach " + std::string(name) + " to " + path, errno);
      s_->perf_links.push_back(link);
      hooked += ret ? 0 : 1;
    }
  }
  return hooked;
}

}  // namespace mcpvigil::probe
