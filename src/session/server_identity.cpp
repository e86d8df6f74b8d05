// SPDX-License-Identifier: Apache-2.0
#include "session/server_identity.h"

#include <arpa/inet.h>

#include "session/digest.h"
#include "session/launch_target.h"

namespace mcpvigil::session {
namespace {

// NUL between the parts: no part can hold one, so no two sets of parts read the same.
std::string server_id(std::string_view a, std::string_view b, std::string_view c) {
  std::string text(a);
  text.push_back('\0');
  text.append(b);
  text.push_back('\0');
  text.append(c);
  return "srv-" + hex(sha256(text), 4);
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

ServerIdentity local_identity(const event::ProcessFacts& f, const std::vector<Facts>& ancestors) {
  ServerIdentity out;
  out.kind = "local";
  out.exe = f.exe;
  auto own = launch_target(f);
  // A package runner's cache path changes with every release; the package it was told to run does not.
  const LaunchTarget* package = own && own->kind == LaunchTarget::Kind::kPackage ? &*own : nullptr;
  std::optional<LaunchTarget> above;
  for (std::size_t i = 0; package == nullptr && i < ancestors.size(); ++i) {
    above = launch_target(*ancestors[i]);
    if (above && above->kind == LaunchTarget::Kind::kPackage) package = &*above;
  }
  if (package != nullptr) {
    out.target = package->name;
    out.version = package->version;
    out.id = server_id("package", package->family, package->name);
    return out;
  }
  if (own) out.target = own->name;
  std::string_view exe = f.exe;
  if (exe.empty() && !f.argv.empty()) exe = f.argv[0];  // not readable: the name it was started by
  if (exe.empty()) exe = f.comm;
  if (exe.empty()) return out;
  out.id = server_id("local", exe, out.target);
  return out;
}

ServerIdentity remote_identity(std::string_view scheme, std::string_view authority, std::string_view path) {
  ServerIdentity out;
  out.kind = "remote";
  if (authority.empty()) return out;
  path = path.substr(0, path.find_first_of("?#"));
  std::string host = lower(authority);
  if ((scheme == "https" && host.ends_with(":443"))) host.resize(host.size() - 4);
  if ((scheme == "http" && host.ends_with(":80"))) host.resize(host.size() - 3);
  out.target = std::string(scheme) + "://" + host + std::string(path);
  out.id = server_id(scheme, host, path);
  return out;
}

void append_ip(const event::Address& a, std::string& out) {
  char buf[INET6_ADDRSTRLEN];
  if (a.family != 4 && a.family != 6) return;
  if (inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.ip.data(), buf, sizeof buf) != nullptr) out += buf;
}

std::string text_of(const event::Address& a) {
  std::string out;
  if (a.family == 0) return out;
  if (a.family == 6) out.push_back('[');
  append_ip(a, out);
  if (a.family == 6) out.push_back(']');
  out.push_back(':');
  out += std::to_string(a.port);
  return out;
}

}  // namespace mcpvigil::session
