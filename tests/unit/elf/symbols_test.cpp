// SPDX-License-Identifier: Apache-2.0
#include "elf/symbols.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "elf/symbol_scan.h"
#include "elf_image.h"

namespace mcpvigil::elf {
namespace {

using Names = std::vector<std::string_view>;

// "name@offset into the text", joined by spaces.
std::string found_in(const BuiltImage& built, const Names& names) {
  const auto elf = open_bytes(built.bytes);
  if (!elf) return elf.error().message;
  const auto functions = find_functions(*elf, names);
  if (!functions) return "error: " + functions.error().message;
  std::string text;
  for (const auto& f : *functions) {
    if (!text.empty()) text += ' ';
    text += f.name + '@' + std::to_string(f.offset - built.at.at("text"));
    EXPECT_EQ(f.address, f.offset + ElfImage::kText);
    EXPECT_EQ(f.size, 8u);
  }
  return text;
}

ElfImage exporting(std::vector<ImageSymbol> symbols) {
  ElfImage image;
  image.exported = std::move(symbols);
  return image;
}

TEST(FindFunctions, FindsExportedFunctionsInTheOrderAsked) {
  const auto built = exporting({{"alpha", 8}, {"beta", 16}, {"gamma", 24}, {"delta", 32}}).build();
  EXPECT_EQ(found_in(built, {"gamma", "nothing", "alpha"}), "gamma@24 alpha@8");
}

TEST(FindFunctions, NeedsNoSectionHeaders) {
  auto image = exporting({{"alpha", 8}, {"beta", 16}});
  image.with_sections = false;
  EXPECT_EQ(found_in(image.build(), {"alpha", "beta"}), "alpha@8 beta@16");
}

TEST(FindFunctions, NeedsNoGnuHash) {
  for (const bool sysv : {true, false}) {
    for (const bool sections : {true, false}) {
      auto image = exporting({{"alpha", 8}, {"beta", 16}});
      image.with_gnu_hash = false;
      image.with_sysv_hash = sysv;  // its chain goes in a circle, which nobody walks
      image.with_sections = sections;
      EXPECT_EQ(found_in(image.build(), {"alpha", "beta", "other"}), "alpha@8 beta@16");
    }
  }
}

TEST(FindFunctions, FindsFunctionsThatOnlyTheSymbolTableHas) {
  ElfImage image;
  image.local = {{"alpha", 8}, {"hidden", 40, STT_FUNC, 1, STB_LOCAL}};
  EXPECT_EQ(found_in(image.build(), {"hidden", "alpha"}), "hidden@40 alpha@8");
}

TEST(FindFunctions, ReportsAPlaceInBothTablesOnce) {
  auto image = exporting({{"alpha", 8}});
  image.local = {{"alpha", 8}, {"alpha", 48}};
  EXPECT_EQ(found_in(image.build(), {"alpha"}), "alpha@8 alpha@48");
}

TEST(FindFunctions, ReportsEveryVersionOfAName) {
  const auto built = exporting({{"alpha", 8}, {"alpha", 64}}).build();
  EXPECT_EQ(found_in(built, {"alpha"}), "alpha@8 alpha@64");
}

TEST(FindFunctions, TakesTheVersionOffNamesInTheSymbolTable) {
  ElfImage image;
  image.local = {{"SSL_read@@OPENSSL_3.0.0", 8}, {"SSL_write@OPENSSL_1.1.0", 16}, {"SSL_peek@@X", 24}};
  EXPECT_EQ(found_in(image.build(), {"SSL_read", "SSL_write"}), "SSL_read@8 SSL_write@16");
}

TEST(FindFunctions, IgnoresImportsDataAndResolvers) {
  const std::vector<ImageSymbol> symbols = {{"import", 0, STT_FUNC, SHN_UNDEF},
                                            {"object", 8, STT_OBJECT},
                                            {"resolver", 8, STT_GNU_IFUNC},
                                            {"number", 8, STT_FUNC, SHN_ABS}};
  auto image = exporting(symbols);
  image.local = symbols;
  EXPECT_EQ(found_in(image.build(), {"import", "object", "resolver", "number"}), "");
}

TEST(FindFunctions, IgnoresFunctionsOutsideExecutableSegments) {
  const auto built = exporting({{"inside", 0}, {"behind", ElfImage::kTextSize}, {"far", 1ULL << 40}}).build();
  EXPECT_EQ(found_in(built, {"inside", "behind", "far"}), "inside@0");
}

TEST(FindFunctions, DoesNotTakeAPartOfANameForIt) {
  ElfImage image;
  image.local = {{"SSL_read_ex", 8}, {"my_SSL_read", 16}, {"SSL_rea", 24}};
  EXPECT_EQ(found_in(image.build(), {"SSL_read"}), "");
  image.exported = image.local;
  EXPECT_EQ(found_in(image.build(), {"SSL_read"}), "");
}

TEST(FindFunctions, ReadsNamesThatShareTheirTails) {
  ElfImage image;
  image.local = {{"my_alpha", 8}, {"x", 16}};
  auto built = image.build();
  const auto my_alpha = built.get<Elf64_Sym>(built.at["symtab"] + sizeof(Elf64_Sym)).st_name;
  built.put(built.at["symtab"] + 2 * sizeof(Elf64_Sym), Elf64_Word{my_alpha + 3});
  EXPECT_EQ(found_in(built, {"alpha"}), "alpha@16");
}

TEST(FindFunctions, FindsNamesAcrossThePiecesAStringTableIsReadIn) {
  for (std::size_t shift = 0; shift < 8; ++shift) {
    ElfImage image;
    // The name begins 1 + size + 1 bytes into the table.
    image.local = {{std::string((256U << 10) - 2 - shift, 'x'), 8}, {"wanted", 16}, {"wanted@@V", 24}};
    EXPECT_EQ(found_in(image.build(), {"wanted"}), "wanted@16 wanted@24") << shift;
  }
}

TEST(FindFunctions, FindsSymbolsInEveryChunk) {
  ElfImage image;
  for (std::size_t i = 0; i < 10000; ++i) image.local.push_back({"f" + std::to_string(i), i % 256});
  EXPECT_EQ(found_in(image.build(), {"f0", "f4095", "f4096", "f9999"}), "f0@0 f4095@255 f4096@0 f9999@15");
}

TEST(FindFunctions, FallsBackToTheSymbolsWhenTheHashTableIsBroken) {
  const auto good = exporting({{"alpha", 8}, {"beta", 16}}).build();
  const std::size_t hash = good.at.at("gnu_hash");
  const auto with = [&](std::size_t at, std::uint32_t value) {
    auto built = good;
    built.put(hash + at, value);
    return found_in(built, {"alpha", "beta"});
  };
  EXPECT_EQ(with(0, 0), "alpha@8 beta@16") << "no buckets";
  EXPECT_EQ(with(0, 0xffffffff), "alpha@8 beta@16") << "too many buckets";
  EXPECT_EQ(with(4, 0x10000), "alpha@8 beta@16") << "the first symbol is beyond the buckets";
  EXPECT_EQ(with(8, 0), "alpha@8 beta@16") << "no bloom filter";
  EXPECT_EQ(with(8, 0xffffffff), "alpha@8 beta@16") << "a bloom filter larger than the file";
  EXPECT_EQ(with(12, 32), "alpha@8 beta@16") << "a shift that is not one";
}

TEST(FindFunctions, RefusesNoNameAndTooManyNames) {
  const auto built = exporting({{"alpha", 8}}).build();
  EXPECT_EQ(found_in(built, {""}), "error: an empty name");
  EXPECT_EQ(found_in(built, Names(kMaxNames + 1, "alpha")), "error: more than 64 names");
  EXPECT_EQ(found_in(built, {}), "");
}

TEST(FindFunctions, SaysThatABrokenTableProvesNothing) {
  ElfImage image;
  image.local = {{"alpha", 8}};
  auto built = image.build();
  built.put(offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0});
  EXPECT_EQ(found_in(built, {"alpha"}), "error: section headers damaged");
  image.exported = {{"beta", 16}};
  built = image.build();
  built.put(offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0});
  EXPECT_EQ(found_in(built, {"alpha", "beta"}), "beta@16") << "what was found is still true";
}

TEST(FindFunctions, AsksTheHashTableAndNotEverySymbol) {
  std::vector<ImageSymbol> symbols;
  for (std::size_t i = 0; i < 1000; ++i) symbols.push_back({"f" + std::to_string(i), i % 256});
  const auto built = exporting(symbols).build();
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  const auto before = elf->work();
  const Names names = {"SSL_read"};
  ASSERT_TRUE(find_functions(*elf, names));
  EXPECT_LE(elf->work().steps - before.steps, 501u) << "one of two buckets";
  EXPECT_LT(elf->work().bytes - before.bytes, 4096u);
}

TEST(HasFunctionStartingWith, LooksAtFunctionsOnly) {
  ElfImage image;
  image.local = {{"_ZN6rustls4conn", 8, STT_OBJECT}, {"_ZN7rustlsx", 8}, {"other", 8}};
  auto elf = open_bytes(image.build().bytes);
  ASSERT_TRUE(elf);
  EXPECT_FALSE(*has_function_starting_with(*elf, "_ZN6rustls"));
  EXPECT_TRUE(*has_function_starting_with(*elf, "_ZN7"));
  EXPECT_FALSE(*has_function_starting_with(*elf, "N7rustls")) << "in the middle of a name";
}

}  // namespace
}  // namespace mcpvigil::elf
