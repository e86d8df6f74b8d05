// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "session/launch_target.h"
#include "session/server_identity.h"
#include "unit/session/talk.h"

namespace mcpvigil::session {
namespace {

event::ProcessFacts facts(std::string exe, std::vector<std::string> argv, std::string cwd = "/srv") {
  event::ProcessFacts f;
  f.exe = std::move(exe);
  f.argv = std::move(argv);
  f.cwd = std::move(cwd);
  return f;
}

std::string target(std::string exe, std::vector<std::string> argv, std::string cwd = "/srv") {
  auto t = launch_target(facts(std::move(exe), std::move(argv), std::move(cwd)));
  if (!t) return "-";
  static const char* kKinds[] = {"script", "module", "package", "inline"};
  std::string out = std::string(kKinds[static_cast<int>(t->kind)]) + " " + t->name;
  if (!t->version.empty()) out += " version " + t->version;
  if (!t->family.empty()) out += " of " + t->family;
  return out;
}

TEST(LaunchTarget, AProgramOfItsOwnHasNone) {
  EXPECT_EQ(target("/usr/bin/server", {"server", "--stdio"}), "-");
  EXPECT_EQ(target("/usr/bin/server", {}), "-");
}

TEST(LaunchTarget, InterpretersRunScripts) {
  EXPECT_EQ(target("/usr/bin/node", {"node", "server.js", "--port", "1"}), "script /srv/server.js");
  EXPECT_EQ(target("/usr/bin/node", {"node", "--require", "x.js", "--inspect", "../a/./b.mjs"}), "script /a/b.mjs");
  EXPECT_EQ(target("/usr/bin/python3.12", {"python3", "-u", "-X", "dev", "/opt/s.py"}), "script /opt/s.py");
  EXPECT_EQ(target("/usr/bin/bun", {"bun", "run", "s.ts"}), "script /srv/s.ts");
  EXPECT_EQ(target("/usr/bin/deno", {"deno", "run", "--allow-net", "https://example.com/s.ts"}),
            "script https://example.com/s.ts");
  EXPECT_EQ(target("/usr/bin/java", {"java", "-Xmx1g", "-jar", "s.jar"}), "script /srv/s.jar");
  EXPECT_EQ(target("/usr/bin/bash", {"bash", "/opt/run.sh"}), "script /opt/run.sh");
  EXPECT_EQ(target("/usr/bin/dotnet", {"dotnet", "s.dll"}), "script /srv/s.dll");
}

TEST(LaunchTarget, InterpretersRunModulesAndLines) {
  EXPECT_EQ(target("/usr/bin/python3", {"python3", "-m", "weather.server", "x"}), "module weather.server");
  EXPECT_EQ(target("/usr/bin/java", {"java", "-cp", "a.jar:b.jar", "com.acme.Server"}), "module com.acme.Server");
  EXPECT_EQ(target("/usr/bin/python3", {"python3", "-c", "import x"}), "inline -c");
  EXPECT_EQ(target("/usr/bin/node", {"node", "-e", "code"}), "inline -e");
  EXPECT_EQ(target("/usr/bin/node", {"node"}), "-");
}

TEST(LaunchTarget, RunnersRunPackages) {
  EXPECT_EQ(target("/usr/bin/node", {"node", "/usr/bin/npx", "-y", "@acme/files@1.2.0", "/home"}),
            "package @acme/files version 1.2.0 of npm");
  EXPECT_EQ(target("/usr/bin/node", {"npm exec @acme/files /home"}), "package @acme/files of npm");
  EXPECT_EQ(target("/usr/bin/npx", {"npx", "--package=@acme/x@2", "x"}), "package @acme/x version 2 of npm");
  EXPECT_EQ(target("/usr/bin/bun", {"bunx", "files@latest"}), "package files version latest of npm");
  EXPECT_EQ(target("/usr/bin/bun", {"bun", "x", "files"}), "package files of npm");
  EXPECT_EQ(target("/usr/bin/uvx", {"uvx", "--python", "3.12", "mcp-server-fetch==1.0"}),
            "package mcp-server-fetch version 1.0 of pypi");
  EXPECT_EQ(target("/usr/bin/uv", {"uv", "tool", "run", "--from", "big[cli]@2.0", "small"}),
            "package big version 2.0 of pypi");
  EXPECT_EQ(target("/usr/bin/python3", {"python3", "/usr/bin/pipx", "run", "fetch"}), "package fetch of pypi");
  EXPECT_EQ(target("/usr/bin/uv", {"uv", "--directory", "/opt/p", "run", "server.py"}), "script /opt/p/server.py");
  EXPECT_EQ(target("/usr/bin/docker", {"docker", "run", "-i", "--rm", "-e", "TOKEN", "reg.io:5000/mcp/git:1.4"}),
            "package reg.io:5000/mcp/git version 1.4 of oci");
  EXPECT_EQ(target("/usr/bin/docker", {"docker", "ps"}), "-");
}

TEST(ServerIdentity, IsTheSameForTheSameProgramAndTarget) {
  auto one = local_identity(facts("/usr/bin/node", {"node", "s.js", "--port", "1"}), {});
  auto two = local_identity(facts("/usr/bin/node", {"node", "/srv/s.js", "--port", "2"}, "/elsewhere"), {});
  auto other = local_identity(facts("/usr/bin/node", {"node", "t.js"}), {});
  EXPECT_EQ(one.id, two.id);
  EXPECT_NE(one.id, other.id);
  EXPECT_EQ(one.id.substr(0, 4), "srv-");
  EXPECT_EQ(one.id.size(), 12u);
  EXPECT_EQ(one.kind, "local");
  EXPECT_EQ(one.target, "/srv/s.js");
}

TEST(ServerIdentity, OfAPackageIsThePackageWhateverItsVersionAndCache) {
  auto npm = [](const char* spec) {
    return std::vector<Facts>{
        std::make_shared<event::ProcessFacts>(facts("/usr/bin/dash", {"sh", "-c", "files"})),
        std::make_shared<event::ProcessFacts>(facts("/usr/bin/node", {std::string("npm exec ") + spec}))};
  };
  auto one = local_identity(facts("/usr/bin/node", {"node", "/root/.npm/_npx/aa/bin/files"}), npm("@acme/files@1.0"));
  auto two = local_identity(facts("/opt/node", {"node", "/root/.npm/_npx/bb/bin/files"}), npm("@acme/files@2.0"));
  EXPECT_EQ(one.id, two.id);
  EXPECT_EQ(one.target, "@acme/files");
  EXPECT_EQ(one.version, "1.0");
  EXPECT_EQ(two.version, "2.0");
}

TEST(ServerIdentity, OfARemoteServerIsSchemeAuthorityAndPath) {
  auto one = remote_identity("https", "MCP.example.com:443", "/mcp?token=x");
  EXPECT_EQ(one.id, remote_identity("https", "mcp.example.com", "/mcp").id);
  EXPECT_EQ(one.target, "https://mcp.example.com/mcp");
  EXPECT_NE(one.id, remote_identity("http", "mcp.example.com", "/mcp").id);
  EXPECT_NE(one.id, remote_identity("https", "mcp.example.com", "/other").id);
  EXPECT_EQ(remote_identity("https", "", "/").id, "");
}

TEST(ServerIdentity, StopsAtTheClientWhoWasItselfStartedByARunner) {
  Talk t;
  t.process(5, "/usr/bin/node", {"npm exec my-agent"});
  auto client = t.process(10, "/usr/bin/node", {"node", "/agent.mjs"}, 5);
  auto server = t.process(20, "/usr/bin/node", {"node", "/server.mjs"}, 10);
  t.says(t.pipe(client, server), call("1", "x"));
  t.finish();
  EXPECT_EQ(t.messages()[0].server_id, local_identity(facts("/usr/bin/node", {"node", "/server.mjs"}), {}).id);
}

TEST(ServerIdentity, FollowsTheChainOfAPackageRunner) {
  Talk t;
  auto client = t.process(10, "/usr/bin/agent");
  t.process(18, "/usr/bin/node", {"npm exec @acme/files"}, 10);
  t.process(19, "/usr/bin/dash", {"sh", "-c", "files"}, 18);
  auto server = t.process(20, "/usr/bin/node", {"node", "/root/.npm/_npx/1/files"}, 19);
  t.says(t.pipe(client, server), call("1", "x"));
  t.finish();
  auto i = t.of("inventory");
  ASSERT_FALSE(i.empty());
  EXPECT_EQ(i[0].what, "server_new");
  EXPECT_EQ(i[0].server_id, t.messages()[0].server_id);
  auto direct = local_identity(facts("/usr/bin/npx", {"npx", "@acme/files"}), {});
  EXPECT_EQ(i[0].server_id, direct.id);
}

TEST(PartyTable, KeepsThePinnedAndForgetsTheOldest) {
  PartyTable p(3);
  auto of = [](std::uint32_t pid) {
    event::ProcessFacts f;
    f.process = {pid, pid};
    return f;
  };
  p.on_facts(of(1));
  p.pin({1, 1});
  for (std::uint32_t pid = 2; pid < 10; ++pid) p.on_facts(of(pid));
  EXPECT_EQ(p.size(), 3u);
  EXPECT_TRUE(p.facts({1, 1}));
  EXPECT_FALSE(p.facts({2, 2}));
  EXPECT_TRUE(p.facts({9, 9}));
  EXPECT_FALSE(p.facts({9, 8}));  // the pid alone is no process
}

TEST(PartyTable, AnExitedProcessIsForgottenFirstButNotBeforeItsSession) {
  PartyTable p(2);
  event::ProcessFacts f;
  for (std::uint32_t pid : {1u, 2u}) {
    f.process = {pid, 1};
    p.on_facts(f);
  }
  p.pin({2, 1});
  p.on_exit({2, 1});
  f.process = {3, 1};
  p.on_facts(f);
  EXPECT_TRUE(p.facts({2, 1}));
  EXPECT_FALSE(p.facts({1, 1}));
  p.unpin({2, 1});
  f.process = {4, 1};
  p.on_facts(f);
  EXPECT_FALSE(p.facts({2, 1}));
  EXPECT_TRUE(p.facts({3, 1}));
}

TEST(PartyTable, AForkedChildIsWhatItsParentWasUntilItExecutes) {
  PartyTable p;
  event::ProcessFacts f;
  f.process = {1, 1};
  f.exe = "/usr/bin/python3";
  p.on_facts(f);
  p.on_fork({{}, {1, 1}, {2, 2}});
  f.exe = "/usr/bin/other";
  p.on_facts(f);  // the parent executed something else
  ASSERT_TRUE(p.facts({2, 2}));
  EXPECT_EQ(p.facts({2, 2})->exe, "/usr/bin/python3");
  EXPECT_EQ(p.ancestors({2, 2}, {}).size(), 1u);
}

}  // namespace
}  // namespace mcpvigil::session
