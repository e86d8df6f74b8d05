// SPDX-License-Identifier: Apache-2.0
// Files made to crash, hang or fill the memory of whoever reads them. Sanitizer builds see bad reads; the work
// counters see loops.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>

#include "elf/build_id.h"
#include "elf/symbols.h"
#include "elf/tls_stack.h"
#include "elf_image.h"

namespace mcpvigil::elf {
namespace {

ElfImage everything() {
  ElfImage image;
  image.exported = {{"SSL_read", 8}, {"SSL_write", 16}, {"read", 0, STT_FUNC, SHN_UNDEF}, {"SSL_free", 24}};
  image.local = {{"SSL_read@@V", 8}, {"main", 32}, {"_ZN6rustls1x", 40}};
  image.build_id = "0123456789abcdefghij";
  image.data = "\xff Go buildinf:";
  image.pclntab = std::string("\0crypto/tls.(*Conn).Write\0", 26);
  image.with_sysv_hash = true;
  return image;
}

// Runs all of it; returns the work, and checks what must hold of every answer.
Work run(const std::string& bytes) {
  const auto elf = open_bytes(bytes);
  if (!elf) return {};
  (void)build_id(*elf);
  for (const FunctionSymbol& hook : classify(*elf).hooks) EXPECT_LT(hook.offset, bytes.size());
  return elf->work();
}

// An honest file of this size needs 60 reads and 50 steps; a lie may lead to the slower of two ways.
void expect_little(const Work& work, std::size_t size) {
  EXPECT_LT(work.steps, 2000 + 4 * size);
  EXPECT_LT(work.reads, 2000u);
  EXPECT_LT(work.bytes, 100000 + 40 * size);
}

TEST(HostileElf, CutAtEveryByte) {
  const std::string bytes = everything().build().bytes;
  for (std::size_t n = 0; n <= bytes.size(); ++n) expect_little(run(bytes.substr(0, n)), n);
}

TEST(HostileElf, EveryFieldTakesExtremeValues) {
  const std::string bytes = everything().build().bytes;
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 63,
                                    std::uint64_t{0x7fffffff}, std::uint64_t{bytes.size() - 1}}) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 4) {
      if (at >= 600 && at + 8 < 600 + ElfImage::kTextSize) continue;  // code is never looked at
      std::string broken = bytes;
      std::memcpy(broken.data() + at, &value, at % 8 == 0 ? 8 : 4);
      expect_little(run(broken), broken.size());
    }
  }
}

TEST(HostileElf, RandomBytesInRandomPlaces) {
  const std::string bytes = everything().build().bytes;
  std::mt19937 random(20240521);  // the same files each time
  for (int round = 0; round < 4000; ++round) {
    std::string broken = bytes;
    const auto changes = 1 + random() % 8;
    for (unsigned i = 0; i < changes; ++i) broken[random() % broken.size()] = static_cast<char>(random());
    expect_little(run(broken), broken.size());
  }
}

TEST(HostileElf, AHashChainWithoutAnEndIsLeft) {
  // All symbols in one chain, none marked as the last; a valid file has a mark in every bucket.
  ElfImage image;
  for (int i = 0; i < 9000; ++i) image.exported.push_back({"f" + std::to_string(i), 8});
  image.exported.push_back({"SSL_read", 16});
  image.exported.push_back({"SSL_write", 24});
  auto built = image.build();
  const std::size_t hash = built.at["gnu_hash"];
  built.put(hash + 16, ~std::uint64_t{0});
  const std::uint32_t first = 1;
  built.put(hash + 24, first);
  built.put(hash + 28, first);
  for (std::size_t i = 0; i < image.exported.size(); ++i) built.put(hash + 32 + 4 * i, std::uint32_t{2});
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  const auto stack = classify(*elf);
  EXPECT_EQ(stack.kind, TlsKind::kOpenssl) << "found by looking through the symbols";
  EXPECT_LT(elf->work().steps, 4096u + 4 * image.exported.size());
}

TEST(HostileElf, AnEndlessChainOfEqualHashesIsLeft) {
  ElfImage image;
  for (int i = 0; i < 9000; ++i) image.exported.push_back({"SSL_read", 8});
  const auto built = image.build();
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  const auto stack = classify(*elf);
  EXPECT_EQ(stack.kind, TlsKind::kUnknown);
  EXPECT_LT(elf->work().reads, 20000u);
}

TEST(HostileElf, TablesThatPromiseMoreThanTheFileHasCostWhatTheFileHas) {
  auto built = everything().build();
  for (std::size_t i = 0; i < built.get<std::uint16_t>(offsetof(Elf64_Ehdr, e_shnum)); ++i) {
    built.put(built.at["sections"] + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size), ~std::uint64_t{0} / 2);
  }
  expect_little(run(built.bytes), built.bytes.size());
}

// A sparse file: it says 3 GiB and has a few pages.
TEST(HostileElf, AHugeSymbolTableIsRefusedBeforeItIsRead) {
  ElfImage image;
  image.local = {{"alpha", 8}};
  for (const bool symbols : {true, false}) {
    auto built = image.build();
    const std::size_t count = built.get<std::uint16_t>(offsetof(Elf64_Ehdr, e_shnum));
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = built.at["sections"] + i * sizeof(Elf64_Shdr);
      const auto section = built.get<Elf64_Shdr>(at);
      const bool wanted = symbols ? section.sh_type == SHT_SYMTAB : section.sh_offset == built.at["strtab"];
      if (wanted) built.put(at + offsetof(Elf64_Shdr, sh_size), std::uint64_t{2} << 30);
    }
    const base::UniqueFd fd(::memfd_create("sparse", MFD_CLOEXEC));
    ASSERT_EQ(::write(fd.get(), built.bytes.data(), built.bytes.size()), static_cast<ssize_t>(built.bytes.size()));
    ASSERT_EQ(::ftruncate(fd.get(), std::int64_t{3} << 30), 0);
    const auto elf = ElfFile::open(fd.get());
    ASSERT_TRUE(elf);
    const auto stack = classify(*elf);
    EXPECT_EQ(stack.kind, TlsKind::kUnknown);
    EXPECT_LT(elf->work().bytes, 10000u) << stack.why;
  }
}

TEST(HostileElf, ManySectionsWithoutNamesCostOneReadEach) {
  auto built = ElfImage{}.build();
  std::string table = built.bytes.substr(built.at["sections"], sizeof(Elf64_Shdr) * 2);
  const std::string text = table.substr(sizeof(Elf64_Shdr));
  const std::string names = built.bytes.substr(built.bytes.size() - sizeof(Elf64_Shdr));
  for (int i = 0; i < 60000; ++i) table += text;
  table += names;
  built.put(offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{built.bytes.size()});
  built.put(offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{60003});
  built.put(offsetof(Elf64_Ehdr, e_shstrndx), std::uint16_t{60002});
  built.bytes += table;
  const Work work = run(built.bytes);
  EXPECT_GT(work.reads, 60000u);
  EXPECT_LT(work.reads, 60100u) << "one name is looked for, and without Go nothing more";
}

}  // namespace
}  // namespace mcpvigil::elf
