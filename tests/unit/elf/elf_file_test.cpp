// SPDX-License-Identifier: Apache-2.0
#include "elf/elf_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "elf_image.h"

namespace mcpvigil::elf {
namespace {

using base::ErrorCode;

ErrorCode refusal(const std::string& bytes) {
  const auto elf = open_bytes(bytes);
  EXPECT_FALSE(elf);
  return elf ? ErrorCode::kIo : elf.error().code;
}

TEST(ElfFile, OpensBothMachinesAndBothTypes) {
  for (const int machine : {EM_X86_64, EM_AARCH64}) {
    for (const int type : {ET_EXEC, ET_DYN}) {
      ElfImage image;
      image.machine = static_cast<std::uint16_t>(machine);
      image.type = static_cast<std::uint16_t>(type);
      const auto elf = open_bytes(image.build().bytes);
      ASSERT_TRUE(elf) << elf.error().message;
      EXPECT_EQ(elf->machine(), machine);
    }
  }
}

TEST(ElfFile, RefusesWhatIsNotElf) {
  EXPECT_EQ(refusal(""), ErrorCode::kFormat);
  EXPECT_EQ(refusal("\x7f"
                    "ELF"),
            ErrorCode::kFormat);
  EXPECT_EQ(refusal("#!/bin/sh\n" + std::string(100, 'x')), ErrorCode::kFormat);
}

TEST(ElfFile, SaysWhichKindsOfElfItDoesNotKnow) {
  const auto built = ElfImage{}.build();
  const auto with = [&](std::size_t at, auto value) {
    auto copy = built;
    copy.put(at, value);
    return refusal(copy.bytes);
  };
  EXPECT_EQ(with(EI_CLASS, char{ELFCLASS32}), ErrorCode::kUnsupported);
  EXPECT_EQ(with(EI_DATA, char{ELFDATA2MSB}), ErrorCode::kUnsupported);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_RISCV}), ErrorCode::kUnsupported);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL}), ErrorCode::kUnsupported);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_CORE}), ErrorCode::kUnsupported);
}

TEST(ElfFile, RefusesProgramHeadersThatAreNotThere) {
  const auto built = ElfImage{}.build();
  const auto with = [&](std::size_t at, auto value) {
    auto copy = built;
    copy.put(at, value);
    return refusal(copy.bytes);
  };
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{0}), ErrorCode::kFormat);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{1024}), ErrorCode::kFormat);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{1025}), ErrorCode::kUnsupported);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{0xffff}), ErrorCode::kUnsupported);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{55}), ErrorCode::kFormat);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phoff), ~std::uint64_t{0}), ErrorCode::kFormat);
  EXPECT_EQ(with(offsetof(Elf64_Ehdr, e_phoff), ~std::uint64_t{0} - 100), ErrorCode::kFormat);
}

TEST(ElfFile, LivesWithSectionHeadersThatLie) {
  const auto built = ElfImage{}.build();
  const auto damaged = [&](std::size_t at, auto value) {
    auto copy = built;
    copy.put(at, value);
    const auto elf = open_bytes(copy.bytes);
    return elf && elf->sections_damaged() && elf->sections().empty();
  };
  EXPECT_TRUE(damaged(offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0}));
  EXPECT_TRUE(damaged(offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{built.bytes.size()}));
  EXPECT_TRUE(damaged(offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0xff00}));
  EXPECT_TRUE(damaged(offsetof(Elf64_Ehdr, e_shentsize), std::uint16_t{1}));
}

TEST(ElfFile, TakesTheSectionCountFromTheFirstSectionWhenTheHeaderHasNoRoom) {
  auto built = ElfImage{}.build();
  const auto count = built.get<std::uint16_t>(offsetof(Elf64_Ehdr, e_shnum));
  built.put(offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0});
  built.put(built.at["sections"] + offsetof(Elf64_Shdr, sh_size), std::uint64_t{count});
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->sections().size(), count);

  built.put(built.at["sections"] + offsetof(Elf64_Shdr, sh_size), ~std::uint64_t{0});
  const auto lied = open_bytes(built.bytes);
  ASSERT_TRUE(lied);
  EXPECT_TRUE(lied->sections_damaged());
}

TEST(ElfFile, MapsAddressesThroughSegments) {
  const auto built = ElfImage{}.build();
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  const std::uint64_t text = built.at.at("text");
  const auto at = elf->code_at(ElfImage::kText + text + 0x10);
  ASSERT_TRUE(at);
  EXPECT_EQ(at->offset, text + 0x10);
  EXPECT_EQ(at->size, ElfImage::kTextSize - 0x10);
  EXPECT_FALSE(elf->at_address(ElfImage::kText + text + ElfImage::kTextSize));
  EXPECT_FALSE(elf->at_address(ElfImage::kText + text - 1));
  EXPECT_FALSE(elf->at_address(~std::uint64_t{0}));
  const std::uint64_t dynsym = ElfImage::kReadOnly + built.at.at("dynsym");
  EXPECT_TRUE(elf->at_address(dynsym));
  EXPECT_FALSE(elf->code_at(dynsym)) << "readable is not executable";
}

TEST(ElfFile, TakesTheLastOfOverlappingSegments) {
  auto built = ElfImage{}.build();
  const std::uint64_t text = ElfImage::kText + built.at["text"];
  const std::size_t third = built.at["phdrs"] + 2 * sizeof(Elf64_Phdr);
  built.put(third, Elf64_Phdr{PT_LOAD, PF_R, 0, text, text, 16, 16, 8});
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->at_address(text)->offset, 0u);
  EXPECT_FALSE(elf->code_at(text)) << "what is mapped there is not executable";
  EXPECT_TRUE(elf->code_at(text + 16));
}

TEST(ElfFile, CutsSegmentsToTheFile) {
  auto built = ElfImage{}.build();
  const std::size_t first = built.at["phdrs"];
  const auto max = ~std::uint64_t{0};
  built.put(first, Elf64_Phdr{PT_LOAD, PF_R, max, 0, 0, max, max, 8});
  built.put(first + sizeof(Elf64_Phdr), Elf64_Phdr{PT_LOAD, PF_R | PF_X, 1, max - 4, 0, max, max, 8});
  const auto elf = open_bytes(built.bytes);
  ASSERT_TRUE(elf);
  EXPECT_FALSE(elf->at_address(0));
  const auto last = elf->at_address(max);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->offset, 5u);
  EXPECT_EQ(last->offset + last->size, elf->size());
}

TEST(ElfFile, RefusesFilesBeyondFourGigabytes) {
  const base::UniqueFd fd(::memfd_create("large", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(fd.get(), (std::int64_t{4} << 30) + 1), 0);
  const auto elf = ElfFile::open(fd.get());
  ASSERT_FALSE(elf);
  EXPECT_EQ(elf.error().code, ErrorCode::kUnsupported);
}

TEST(ElfFile, FailsReadsOfAFileThatBecameShorter) {
  const std::string bytes = ElfImage{}.build().bytes;
  const base::UniqueFd fd(::memfd_create("shrinks", MFD_CLOEXEC));
  ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  const auto elf = ElfFile::open(fd.get());
  ASSERT_TRUE(elf);
  ASSERT_EQ(::ftruncate(fd.get(), 100), 0);
  const auto value = elf->read_as<std::uint64_t>(96);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::kFormat);
}

TEST(ElfFile, StopsWhenTheAllowanceIsSpent) {
  const auto elf = open_bytes(ElfImage{}.build().bytes);
  ASSERT_TRUE(elf);
  EXPECT_TRUE(elf->spend(kMaxSteps - 1));
  EXPECT_TRUE(elf->spend(1));
  const auto more = elf->spend(1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(elf->spend(~std::uint64_t{0}));
}

TEST(ElfFile, DoesNotOpenPipesFoldersOrMissingFiles) {
  const std::string pipe =
      (std::filesystem::temp_directory_path() / ("mcpvigil_elf_pipe_" + std::to_string(::getpid()))).string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto fifo = ElfFile::open(pipe);  // would wait for a writer
  ::unlink(pipe.c_str());
  ASSERT_FALSE(fifo);
  EXPECT_EQ(fifo.error().code, ErrorCode::kFormat);
  EXPECT_NE(fifo.error().message.find(pipe), std::string::npos);
  EXPECT_EQ(ElfFile::open("/proc").error().code, ErrorCode::kFormat);
  EXPECT_EQ(ElfFile::open("/no/such/file").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(ElfFile::open(-1));
}

}  // namespace
}  // namespace mcpvigil::elf
