// SPDX-License-Identifier: Apache-2.0
#include "session/launch_target.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace mcpvigil::session {
namespace {

using Args = std::span<const std::string>;
using Kind = LaunchTarget::Kind;
using Names = std::span<const std::string_view>;

std::string_view base_name(std::string_view path) {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool one_of(std::string_view s, Names names) { return std::find(names.begin(), names.end(), s) != names.end(); }

// "python3.12" and "python" are one interpreter.
std::string_view without_version(std::string_view name) {
  while (!name.empty() && (name.back() == '.' || (name.back() >= '0' && name.back() <= '9'))) name.remove_suffix(1);
  return name;
}

// Options that take the next argument as their value; everything else that starts with '-' stands alone.
constexpr std::array<std::string_view, 8> kNodeValues{
    "-r", "--require", "--import", "--loader", "-C", "--experimental-loader", "--conditions", "--env-file"};
constexpr std::array<std::string_view, 3> kPythonValues{"-W", "-X", "--check-hash-based-pycs"};
constexpr std::array<std::string_view, 5> kJavaValues{"-cp", "-classpath", "--class-path", "-p", "--module-path"};
constexpr std::array<std::string_view, 5> kNpxValues{"-p", "--package", "-c", "--call", "--prefix"};
constexpr std::array<std::string_view, 12> kUvValues{
    "--with",  "--with-editable", "--python",   "-p",          "--directory",       "--project",
    "--index", "--index-url",     "--env-file", "--cache-dir", "--extra-index-url", "--with-requirements"};
constexpr std::array<std::string_view, 3> kPipxValues{"--python", "--pip-args", "--index-url"};
constexpr std::array<std::string_view, 30> kDockerValues{
    "-e",         "--env",      "-v",      "--volume",  "--mount",  "--name",   "-p",         "--publish",
    "--network",  "--net",      "-w",      "--workdir", "-u",       "--user",   "--env-file", "--entrypoint",
    "--platform", "-l",         "--label", "-m",        "--memory", "--cpus",   "--add-host", "--pull",
    "-h",         "--hostname", "--gpus",  "--device",  "--tmpfs",  "--cap-add"};

// Index of the first argument that is neither an option nor an option's value.
std::size_t first_plain(Args a, std::size_t i, Names with_value) {
  for (; i < a.size(); ++i) {
    std::string_view s = a[i];
    if (s == "--") return i + 1;
    if (!s.starts_with('-') || s == "-") return i;
    if (one_of(s, with_value)) ++i;
  }
  return a.size();
}

// The value of `--name value` or `--name=value` before the first plain argument.
std::string_view option(Args a, std::size_t i, Names names, Names with_value) {
  for (std::size_t end = first_plain(a, i, with_value); i < end && i < a.size(); ++i) {
    std::string_view s = a[i];
    if (one_of(s, names) && i + 1 < a.size()) return a[i + 1];
    auto eq = s.find('=');
    if (eq != std::string_view::npos && one_of(s.substr(0, eq), names)) return s.substr(eq + 1);
    if (one_of(s, with_value)) ++i;
  }
  return {};
}

std::string absolute(std::string_view path, std::string_view cwd) {
  std::filesystem::path p(path);
  if (p.is_relative() && !cwd.empty()) p = std::filesystem::path(cwd) / p;
  return p.lexically_normal().string();
}

std::optional<LaunchTarget> script(Args a, std::size_t i, std::string_view cwd) {
  if (i >= a.size() || a[i].empty() || a[i] == "-") return std::nullopt;
  if (a[i].find("://") != std::string::npos) return LaunchTarget{Kind::kScript, a[i], {}, {}};  // deno run https://...
  return LaunchTarget{Kind::kScript, absolute(a[i], cwd), {}, {}};
}

// "@scope/name@1.2", "name==1.2", "name[extra]@1.2" -> name and version.
LaunchTarget package(std::string_view spec, std::string_view family) {
  LaunchTarget t{Kind::kPackage, {}, {}, std::string(family)};
  auto cut = std::string_view::npos;
  std::size_t width = 1;
  if (family == "pypi" && (cut = spec.find("==")) != std::string_view::npos) {
    width = 2;
  } else if (family == "oci") {
    cut = spec.rfind(':');
    if (cut != std::string_view::npos && spec.find('/', cut) != std::string_view::npos)
      cut = std::string_view::npos;  // a port
  } else if (!spec.empty()) {
    cut = spec.find('@', 1);
  }
  t.name = spec.substr(0, cut);
  if (cut != std::string_view::npos) t.version = spec.substr(cut + width);
  if (family == "pypi") t.name = t.name.substr(0, t.name.find('['));
  return t;
}

std::optional<LaunchTarget> npx(Args a, std::size_t i) {
  static constexpr std::array<std::string_view, 2> kPackage{"-p", "--package"};
  std::string_view spec = option(a, i, kPackage, kNpxValues);
  if (spec.empty()) {
    std::size_t at = first_plain(a, i, kNpxValues);
    if (at >= a.size()) return std::nullopt;
    spec = a[at];
  }
  return package(spec, "npm");
}

std::optional<LaunchTarget> uvx(Args a, std::size_t i) {
  static constexpr std::array<std::string_view, 1> kFrom{"--from"};
  std::vector<std::string_view> values(kUvValues.begin(), kUvValues.end());
  values.push_back("--from");
  std::string_view spec = option(a, i, kFrom, values);
  if (spec.empty()) {
    std::size_t at = first_plain(a, i, values);
    if (at >= a.size()) return std::nullopt;
    spec = a[at];
  }
  return package(spec, "pypi");
}

std::optional<LaunchTarget> pipx(Args a, std::size_t i) {
  static constexpr std::array<std::string_view, 1> kSpec{"--spec"};
  std::vector<std::string_view> values(kPipxValues.begin(), kPipxValues.end());
  values.push_back("--spec");
  if (i >= a.size() || a[i] != "run") return std::nullopt;
  std::string_view spec = option(a, i + 1, kSpec, values);
  if (spec.empty()) {
    std::size_t at = first_plain(a, i + 1, values);
    if (at >= a.size()) return std::nullopt;
    spec = a[at];
  }
  return package(spec, "pypi");
}

std::optional<LaunchTarget> npm(Args a, std::size_t i) {
  if (i < a.size() && (a[i] == "exec" || a[i] == "x")) return npx(a, i + 1);
  return std::nullopt;
}

std::optional<LaunchTarget> node(Args a, std::string_view cwd) {
  std::size_t at = first_plain(a, 1, kNodeValues);
  for (std::size_t i = 1; i < at && i < a.size(); ++i) {
    if (a[i] == "-e" || a[i] == "--eval" || a[i] == "-p" || a[i] == "--print")
      return LaunchTarget{Kind::kInline, "-e", {}, {}};
  }
  if (at >= a.size()) return std::nullopt;
  std::string_view name = base_name(a[at]);
  if (name == "npx-cli.js" || name == "npx") return npx(a, at + 1);
  if (name == "npm-cli.js" || name == "npm") return npm(a, at + 1);
  return script(a, at, cwd);
}

std::optional<LaunchTarget> python(Args a, std::string_view cwd) {
  for (std::size_t i = 1; i < a.size(); ++i) {
    std::string_view s = a[i];
    if (s == "-m" && i + 1 < a.size()) {
      if (a[i + 1] == "pipx") return pipx(a, i + 2);
      return LaunchTarget{Kind::kModule, a[i + 1], {}, {}};
    }
    if (s == "-c") return LaunchTarget{Kind::kInline, "-c", {}, {}};
    if (one_of(s, kPythonValues)) {
      ++i;
    } else if (!s.starts_with('-')) {
      if (base_name(s) == "pipx") return pipx(a, i + 1);
      return script(a, i, cwd);
    }
  }
  return std::nullopt;
}

std::optional<LaunchTarget> uv(Args a, std::string_view cwd) {
  std::size_t at = first_plain(a, 1, kUvValues);
  if (at + 1 < a.size() && a[at] == "tool" && a[at + 1] == "run") return uvx(a, at + 2);
  if (at < a.size() && a[at] == "run") {
    std::string_view directory;
    static constexpr std::array<std::string_view, 2> kDirectory{"--directory", "--project"};
    if (directory = option(a, 1, kDirectory, kUvValues); directory.empty())
      directory = option(a, at + 1, kDirectory, kUvValues);
    return script(a, first_plain(a, at + 1, kUvValues), directory.empty() ? cwd : directory);
  }
  return std::nullopt;
}

std::optional<LaunchTarget> bun_or_deno(Args a, std::string_view cwd, bool bun) {
  std::size_t at = first_plain(a, 1, kNodeValues);
  if (at < a.size() && bun && a[at] == "x") return npx(a, at + 1);
  if (at < a.size() && a[at] == "run") at = first_plain(a, at + 1, kNodeValues);
  if (at < a.size() && a[at].starts_with("npm:")) return package(std::string_view(a[at]).substr(4), "npm");
  return script(a, at, cwd);
}

std::optional<LaunchTarget> java(Args a, std::string_view cwd) {
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (a[i] == "-jar") return script(a, i + 1, cwd);
    if (one_of(a[i], kJavaValues)) {
      ++i;
    } else if (!a[i].starts_with('-')) {
      return LaunchTarget{Kind::kModule, a[i], {}, {}};  // the main class
    }
  }
  return std::nullopt;
}

std::optional<LaunchTarget> container(Args a) {
  std::size_t at = first_plain(a, 1, {});
  if (at >= a.size() || a[at] != "run") return std::nullopt;
  at = first_plain(a, at + 1, kDockerValues);
  if (at >= a.size()) return std::nullopt;
  return package(a[at], "oci");
}

}  // namespace

std::optional<LaunchTarget> launch_target(const event::ProcessFacts& f) {
  if (f.argv.empty()) return std::nullopt;
  // npm rewrites its own argument list into one string: "npm exec @scope/server /home".
  std::vector<std::string> split;
  if (std::string_view title = f.argv[0]; title.starts_with("npm exec ") || title.starts_with("npx ")) {
    for (std::size_t i = 0; i < title.size();) {
      std::size_t end = std::min(title.find(' ', i), title.size());
      if (end > i) split.emplace_back(title.substr(i, end - i));
      i = end + 1;
    }
  }
  Args a = split.empty() ? Args(f.argv) : Args(split);
  std::string_view called = without_version(base_name(a[0]));
  if (called.starts_with('-')) called.remove_prefix(1);  // a login shell
  std::string_view file = without_version(base_name(f.exe));
  auto is = [&](std::string_view n) { return called == n || (called.empty() && file == n); };

  if (is("npx") || is("bunx") || is("pnpx")) return npx(a, 1);
  if (is("npm") || is("pnpm")) return npm(a, 1);
  if (is("uvx")) return uvx(a, 1);
  if (is("uv")) return uv(a, f.cwd);
  if (is("pipx")) return pipx(a, 1);
  if (is("docker") || is("podman") || is("nerdctl")) return container(a);
  if (is("bun") || is("deno")) return bun_or_deno(a, f.cwd, is("bun"));
  // What is really running counts more than the name it was called by.
  if (file == "node" || file == "nodejs" || is("node") || is("nodejs")) return node(a, f.cwd);
  if (file == "python" || file == "pypy" || is("python") || is("pypy")) return python(a, f.cwd);
  if (file == "java" || is("java")) return java(a, f.cwd);
  if (is("dotnet") || is("ruby") || is("perl") || is("php")) return script(a, first_plain(a, 1, {}), f.cwd);
  if (is("sh") || is("bash") || is("dash") || is("zsh") || is("busybox")) {
    for (std::size_t i = 1; i < a.size() && a[i].starts_with('-'); ++i) {
      if (a[i].ends_with('c')) return LaunchTarget{Kind::kInline, "-c", {}, {}};
    }
    return script(a, first_plain(a, 1, {}), f.cwd);
  }
  return std::nullopt;
}

}  // namespace mcpvigil::session
