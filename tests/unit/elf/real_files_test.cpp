// SPDX-License-Identifier: Apache-2.0
// Answers about files of this machine, held against those of binutils.
#include <glob.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <tuple>

#include "elf/build_id.h"
#include "elf/symbols.h"
#include "elf/tls_stack.h"

namespace mcpvigil::elf {
namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((command + " 2>/dev/null").c_str(), "re"), ::pclose);
  std::string text;
  char buffer[4096];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe.get()) != nullptr) text += buffer;
  return text;
}

bool have(const char* tool) { return !output_of(std::string("command -v ") + tool).empty(); }

std::string first_of(std::initializer_list<const char*> patterns) {
  for (const char* pattern : patterns) {
    glob_t found{};
    const int rc = ::glob(pattern, 0, nullptr, &found);
    const std::string path = rc == 0 && found.gl_pathc > 0 ? found.gl_pathv[0] : "";
    ::globfree(&found);
    if (!path.empty()) return path;
  }
  return "";
}

std::string in_path(const char* program) {
  std::string path = output_of(std::string("readlink -f \"$(command -v ") + program + ")\"");
  while (!path.empty() && path.back() == '\n') path.pop_back();
  return path;
}

std::string libssl() { return first_of({"/usr/lib/*/libssl.so.3", "/lib64/libssl.so.3", "/usr/lib/libssl.so.3"}); }
std::string node() { return in_path("node"); }
std::string python_ssl() {
  return first_of({"/usr/lib/python3*/lib-dynload/_ssl*.so", "/usr/local/lib/python3*/lib-dynload/_ssl*.so",
                   "/usr/lib64/python3*/lib-dynload/_ssl*.so"});
}
std::string go() { return first_of({"/usr/local/go/bin/go", "/usr/lib/go*/bin/go", "/usr/bin/dockerd"}); }
std::string gnutls() { return first_of({"/usr/lib/*/libgnutls.so.30", "/usr/lib64/libgnutls.so.30"}); }
std::string nss() { return first_of({"/usr/lib/*/libssl3.so", "/usr/lib64/libssl3.so"}); }
std::string nspr() { return first_of({"/usr/lib/*/libnspr4.so", "/usr/lib64/libnspr4.so"}); }
std::string self() { return "/proc/self/exe"; }
std::string true_program() {
  return in_path("true") == "true" ? "/bin/true" : first_of({"/bin/true", "/usr/bin/true"});
}

#define OPEN_OR_SKIP(elf, path)                                   \
  const std::string elf##_path = (path);                          \
  if (elf##_path.empty()) GTEST_SKIP() << "no such file: " #path; \
  const auto elf##_result = ElfFile::open(elf##_path);            \
  ASSERT_TRUE(elf##_result) << elf##_result.error().message;      \
  const ElfFile& elf = *elf##_result

using Expected = std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>>;  // name, address, size

// Defined functions of all symbol tables, by readelf.
Expected functions_by_readelf(const std::string& path, const std::set<std::string>& names) {
  Expected functions;
  std::istringstream lines(output_of("readelf -Ws '" + path + "'"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number, address, size, type, binding, visibility, section, name;
    if (!(fields >> number >> address >> size >> type >> binding >> visibility >> section >> name)) continue;
    name = name.substr(0, name.find('@'));
    if (type != "FUNC" || section == "UND" || !names.contains(name)) continue;
    functions.emplace(name, std::stoull(address, nullptr, 16), std::stoull(size, nullptr, 0));
  }
  return functions;
}

// Address to file offset, by readelf's list of segments.
std::uint64_t offset_by_readelf(const std::string& path, std::uint64_t address) {
  std::istringstream lines(output_of("readelf -Wl '" + path + "'"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string type, offset, virtual_address, physical, in_file;
    if (!(fields >> type >> offset >> virtual_address >> physical >> in_file) || type != "LOAD") continue;
    const std::uint64_t start = std::stoull(virtual_address, nullptr, 16);
    if (address < start || address - start >= std::stoull(in_file, nullptr, 16)) continue;
    return address - start + std::stoull(offset, nullptr, 16);
  }
  return 0;
}

void agrees_with_readelf(const std::string& path, const ElfFile& elf, const std::set<std::string>& names) {
  const std::vector<std::string_view> wanted(names.begin(), names.end());
  const auto found = find_functions(elf, wanted);
  ASSERT_TRUE(found) << found.error().message;
  Expected ours;
  for (const auto& f : *found) {
    ours.emplace(f.name, f.address, f.size);
    EXPECT_EQ(f.offset, offset_by_readelf(path, f.address)) << f.name;
  }
  EXPECT_EQ(ours, functions_by_readelf(path, names)) << path;
}

const std::set<std::string> kTlsNames = {"SSL_read",     "SSL_read_ex", "SSL_write",          "SSL_write_ex",
                                         "SSL_shutdown", "SSL_free",    "gnutls_record_send", "SSL_ImportFD",
                                         "PR_Write",     "main",        "PyInit__ssl",        "SSL_set_fd"};

TEST(RealFiles, FunctionsAreWhereReadelfSeesThem) {
  if (!have("readelf")) GTEST_SKIP() << "no readelf";
  std::size_t files = 0;
  for (const auto& path : {libssl(), node(), python_ssl(), go(), gnutls(), nss(), nspr()}) {
    if (path.empty()) continue;
    const auto elf = ElfFile::open(path);
    ASSERT_TRUE(elf) << elf.error().message;
    agrees_with_readelf(path, *elf, kTlsNames);
    ++files;
  }
  if (files == 0) GTEST_SKIP() << "none of the libraries is here";
}

TEST(RealFiles, EveryExportOfLibsslIsFoundOneAtATime) {
  OPEN_OR_SKIP(elf, libssl());
  if (!have("nm")) GTEST_SKIP() << "no nm";
  std::istringstream lines(output_of("nm -D --defined-only '" + elf_path + "'"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string address, type, name;
    fields >> address >> type >> name;
    if (type != "T") continue;
    name = name.substr(0, name.find('@'));
    const std::vector<std::string_view> one = {name};
    const auto found = find_functions(elf, one);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u) << name;
    EXPECT_EQ(found->front().address, std::stoull(address, nullptr, 16)) << name;
    ++count;
  }
  EXPECT_GT(count, 100u);
}

TEST(RealFiles, BuildIdsAreThoseOfReadelf) {
  if (!have("readelf")) GTEST_SKIP() << "no readelf";
  for (const auto& path : {libssl(), node(), python_ssl(), go(), gnutls(), self(), true_program()}) {
    if (path.empty()) continue;
    const std::string notes = output_of("readelf -Wn $(readlink -f '" + path + "')");
    const std::string key = "Build ID: ";
    const std::size_t at = path == self() ? std::string::npos : notes.find(key);
    const auto elf = ElfFile::open(path);
    ASSERT_TRUE(elf) << elf.error().message;
    const auto id = build_id(*elf);
    ASSERT_TRUE(id);
    if (path == self()) continue;
    EXPECT_EQ(*id, at == std::string::npos ? "" : notes.substr(at + key.size(), notes.find('\n', at) - at - key.size()))
        << path;
  }
}

TEST(RealFiles, LibsslIsOpenssl) {
  OPEN_OR_SKIP(elf, libssl());
  const auto stack = classify(elf);
  EXPECT_EQ(stack.kind, TlsKind::kOpenssl) << stack.why;
  EXPECT_GE(stack.hooks.size(), 10u) << "all but SSL_write_ex2, which is newer";
}

TEST(RealFiles, NodeHasOpensslInside) {
  OPEN_OR_SKIP(elf, node());
  if (elf.size() < (20U << 20)) GTEST_SKIP() << "this node keeps everything in a library";
  const auto stack = classify(elf);
  EXPECT_EQ(stack.kind, TlsKind::kOpenssl) << stack.why;
  EXPECT_GE(stack.hooks.size(), 10u);
  EXPECT_LT(elf.work().bytes, elf.size() / 3) << "code and data are not read";
  EXPECT_LT(elf.work().reads, 2000u);
}

TEST(RealFiles, PythonsSslModuleOnlyUsesOpenssl) {
  OPEN_OR_SKIP(elf, python_ssl());
  EXPECT_EQ(classify(elf).kind, TlsKind::kNone);
  EXPECT_LT(elf.work().bytes, 64U << 10);
}

TEST(RealFiles, GoProgramsSayTheyHaveCryptoTls) {
  OPEN_OR_SKIP(elf, go());
  const auto stack = classify(elf);
  EXPECT_EQ(stack.kind, TlsKind::kGoCryptoTls) << stack.why;
  EXPECT_TRUE(stack.hooks.empty());
}

TEST(RealFiles, StrippedGoProgramsSayItToo) {
  const std::string path = go();
  if (path.empty() || !have("strip")) GTEST_SKIP() << "no Go program or no strip";
  const std::string stripped = ::testing::TempDir() + "mcpvigil_stripped_go_" + std::to_string(::getpid());
  (void)output_of("strip -o '" + stripped + "' '" + path + "'");
  const auto elf = ElfFile::open(stripped);
  ::unlink(stripped.c_str());
  ASSERT_TRUE(elf) << elf.error().message;
  const auto stack = classify(*elf);
  EXPECT_EQ(stack.kind, TlsKind::kGoCryptoTls) << stack.why;
  EXPECT_NE(stack.why.find("gopclntab"), std::string::npos) << stack.why;
}

TEST(RealFiles, GnutlsAndNssAreNamed) {
  if (gnutls().empty() && nss().empty()) GTEST_SKIP() << "neither is here";
  for (const auto& [path, kind] :
       {std::pair(gnutls(), TlsKind::kGnutls), std::pair(nss(), TlsKind::kNss), std::pair(nspr(), TlsKind::kNone)}) {
    if (path.empty()) continue;
    const auto elf = ElfFile::open(path);
    ASSERT_TRUE(elf) << elf.error().message;
    EXPECT_EQ(classify(*elf).kind, kind) << path;
  }
}

TEST(RealFiles, ProgramsWithoutTlsHaveNone) {
  for (const auto& path : {true_program(), self()}) {
    if (path.empty()) continue;
    const auto elf = ElfFile::open(path);
    ASSERT_TRUE(elf) << elf.error().message;
    const auto stack = classify(*elf);
    EXPECT_EQ(stack.kind, TlsKind::kNone) << path << ": " << stack.why;
  }
}

}  // namespace
}  // namespace mcpvigil::elf
