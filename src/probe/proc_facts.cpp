// SPDX-License-Identifier: Apache-2.0
#include "probe/proc_facts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <map>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace mcpvigil::probe {

namespace {

constexpr std::size_t kMaxArgvBytes = 4096;
constexpr std::size_t kMaxArgs = 64;

// At most `limit` bytes of a small file; false when it cannot be opened.
bool read_small(const std::string& path, std::size_t limit, std::string& out) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  out.clear();
  if (!fd) return false;
  out.resize(limit);
  std::size_t have = 0;
  while (have < limit) {
    const ssize_t n = ::read(fd.get(), out.data() + have, limit - have);
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return true;
}

std::string link_of(const std::string& path) {
  char buf[PATH_MAX];
  const ssize_t n = ::readlink(path.c_str(), buf, sizeof buf);
  return n > 0 ? std::string(buf, static_cast<std::size_t>(n)) : std::string();
}

}  // namespace

std::vector<std::string> split_argv(std::string_view bytes) {
  std::vector<std::string> out;
  if (bytes.size() > kMaxArgvBytes) bytes = bytes.substr(0, kMaxArgvBytes);
  while (!bytes.empty() && out.size() < kMaxArgs) {
    const std::size_t end = bytes.find('\0');
    out.emplace_back(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  return out;
}

std::string user_name(std::uint32_t uid) {
  static std::map<std::uint32_t, std::string> names;  // pipeline thread only
  if (const auto it = names.find(uid); it != names.end()) return it->second;
  if (names.size() > 4096) names.clear();
  passwd entry{};
  passwd* found = nullptr;
  char buf[4096];
  const bool ok = getpwuid_r(uid, &entry, buf, sizeof buf, &found) == 0 && found != nullptr;
  return names[uid] = ok ? entry.pw_name : std::to_string(uid);
}

std::string container_of_cgroup(std::string_view cgroup) {
  for (std::size_t at = 0; at + 64 <= cgroup.size(); ++at) {
    const std::string_view id = cgroup.substr(at, 64);
    if (std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }))
      return std::string(id);
  }
  return {};
}

bool read_proc_facts(std::uint32_t pid, event::ProcessFacts& out) {
  const std::string dir = fmt::format("/proc/{}/", pid);
  std::string text;
  if (!read_small(dir + "status", 4096, text)) return false;
  if (const std::size_t at = text.find("\nUid:\t"); at != std::string::npos) {
    std::from_chars(text.data() + at + 6, text.data() + text.size(), out.uid);
  }
  if (const std::size_t end = text.find('\n'); text.starts_with("Name:\t") && end != std::string::npos)
    out.comm = text.substr(6, end - 6);
  out.user = user_name(out.uid);
  out.exe = link_of(dir + "exe");
  out.cwd = link_of(dir + "cwd");
  if (read_small(dir + "cmdline", kMaxArgvBytes, text)) out.argv = split_argv(text);
  if (read_small(dir + "cgroup", 4096, text)) {
    // "0::/path" is the v2 hierarchy; on a v1-only host take the first line's path.
    std::size_t at = text.find("0::");
    if (at != 0 && (at == std::string::npos || text[at - 1] != '\n')) at = std::string::npos;
    const std::size_t path = at != std::string::npos ? at + 3 : text.find('/');
    if (path != std::string::npos) out.cgroup = text.substr(path, text.find('\n', path) - path);
    out.container = container_of_cgroup(text);
  }
  return true;
}

}  // namespace mcpvigil::probe
