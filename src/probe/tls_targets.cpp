// SPDX-License-Identifier: Apache-2.0
#include "probe/tls_targets.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

#include "base/unique_fd.h"
#include "elf/elf_file.h"
#include "elf/tls_stack.h"
#include "probe/uprobes.h"

namespace mcpvigil::probe {

namespace {

// One executable mapping: "start-end perms offset dev inode path".
struct Mapped {
  std::string range, path;
  std::uint64_t inode = 0;
  dev_t dev = 0;
};

bool parse_maps_line(std::string_view line, Mapped& m) {
  char perms[8] = {};
  unsigned long start = 0;
  unsigned long end = 0;
  unsigned long long offset = 0;
  unsigned int maj = 0;
  unsigned int min = 0;
  unsigned long long inode = 0;
  int at = 0;
  const std::string text(line);
  if (std::sscanf(text.c_str(), "%lx-%lx %7s %llx %x:%x %llu %n", &start, &end, perms, &offset, &maj, &min, &inode,
                  &at) < 7)
    return false;
  if (perms[2] != 'x' || inode == 0) return false;
  m.range = fmt::format("{:x}-{:x}", start, end);
  m.inode = inode;
  m.dev = makedev(maj, min);
  m.path = at > 0 && static_cast<std::size_t>(at) < text.size() ? text.substr(static_cast<std::size_t>(at)) : "";
  return !m.path.empty() && m.path.front() == '/';
}

}  // namespace

struct TlsTargets::State {
  Uprobes* uprobes;
  std::function<void(const TlsFinding&)> say;
  struct Known {
    elf::TlsStack stack;
    bool covered = false;
    std::string why;
  };
  std::map<std::pair<dev_t, std::uint64_t>, Known> files;  // bounded by kMaxFiles
  std::size_t hooked = 0;

  const Known* examine(std::uint32_t pid, const Mapped& m);
};

namespace {
constexpr std::size_t kMaxFiles = 65536;
}

TlsTargets::TlsTargets(Uprobes* uprobes, std::function<void(const TlsFinding&)> say)
    : s_(new State{uprobes, std::move(say), {}, 0}) {}
TlsTargets::~TlsTargets() = default;

std::size_t TlsTargets::hooked_files() const { return s_->hooked; }

const TlsTargets::State::Known* TlsTargets::State::examine(std::uint32_t pid, const Mapped& m) {
  const auto key = std::pair{m.dev, m.inode};
  if (const auto it = files.find(key); it != files.end()) return &it->second;
  if (files.size() >= kMaxFiles) files.clear();
  Known known;
  // map_files reaches the very inode that is mapped, also when its name is gone or in another mount namespace.
  base::UniqueFd fd(
      ::open(fmt::format("/proc/{}/map_files/{}", pid, m.range).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd)
    fd = base::UniqueFd(::open(fmt::format("/proc/{}/root{}", pid, m.path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat st{};
  if (!fd || fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return nullptr;  // try again at the next chance
  if (auto file = elf::ElfFile::open(fd.get())) {
    known.stack = elf::classify(*file);
    if (known.stack.kind == elf::TlsKind::kOpenssl || known.stack.kind == elf::TlsKind::kBoringsslSymbols) {
      if (uprobes == nullptr) {
        known.why = "TLS capture is switched off or this kernel has no uprobes";
      } else if (auto n = uprobes->attach(fmt::format("/proc/self/fd/{}", fd.get()), known.stack.hooks); n) {
        known.covered = true;
        ++hooked;
      } else {
        known.why = n.error().message;
      }
    } else if (known.stack.kind != elf::TlsKind::kNone) {
      known.why = known.stack.why.empty() ? "this TLS library is not covered yet" : known.stack.why;
    }
  }
  return &files.emplace(key, std::move(known)).first->second;
}

void TlsTargets::look_at_process(std::uint32_t pid) {
  std::FILE* maps = std::fopen(fmt::format("/proc/{}/maps", pid).c_str(), "re");
  if (maps == nullptr) return;
  char* line = nullptr;
  std::size_t cap = 0;
  ssize_t n = 0;
  int lines = 0;
  while (lines++ < 65536 && (n = getline(&line, &cap, maps)) > 0) {
    std::string_view text(line, static_cast<std::size_t>(n));
    if (text.ends_with('\n')) text.remove_suffix(1);
    Mapped m;
    if (!parse_maps_line(text, m)) continue;
    const State::Known* known = s_->examine(pid, m);
    if (known != nullptr && known->stack.kind != elf::TlsKind::kNone) {
      s_->say({pid, m.path, std::string(elf::name(known->stack.kind)), known->covered, known->why});
    }
  }
  std::free(line);
  std::fclose(maps);
}

void TlsTargets::look_at_all() {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* e = readdir(proc)) {
    std::uint32_t pid = 0;
    const char* end = e->d_name + std::strlen(e->d_name);
    if (std::from_chars(e->d_name, end, pid).ptr == end && pid != 0) look_at_process(pid);
  }
  closedir(proc);
}

}  // namespace mcpvigil::probe
