// SPDX-License-Identifier: Apache-2.0
// ElfFile: an executable or shared library, read piece by piece.
//
// The file belongs to whoever runs it and may be hostile or change while it is read: everything is copied out with
// pread (a mapping would raise SIGBUS when the file shrinks), every offset is checked, and all work on one ElfFile is
// charged to one allowance, after which reads fail. Program headers must be right (the kernel uses them); section
// headers may be anything, since a program runs without them. ELF64 little-endian, x86-64 and aarch64.
// One thread at a time, const or not: reads are counted.
//
//   TRY_ASSIGN(auto elf, ElfFile::open("/usr/lib/libssl.so.3"));
#pragma once
#include <elf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mcpvigil::elf {

// Limits, each well beyond what linkers produce.
inline constexpr std::uint64_t kMaxFileSize = 4ULL << 30;     // a Chromium with debug sections is about 2 GiB
inline constexpr std::uint64_t kMaxProgramHeaders = 1024;     // usual: 8 to 15
inline constexpr std::uint64_t kMaxSections = 65536;          // usual: 30 to 60
inline constexpr std::uint64_t kMaxSymbols = 4ULL << 20;      // node has 110 thousand
inline constexpr std::uint64_t kMaxStringTable = 256U << 20;  // bytes; node has 7 MiB
// The allowance of one ElfFile: what a hostile file can cost us, in well under a second or two.
inline constexpr std::uint64_t kMaxBytesRead = 512U << 20;
inline constexpr std::uint64_t kMaxReads = 1U << 20;
inline constexpr std::uint64_t kMaxSteps = 32U << 20;  // names and symbols looked at

// A part of the file; always inside it.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// What was spent so far.
struct Work {
  std::uint64_t reads = 0;
  std::uint64_t bytes = 0;
  std::uint64_t steps = 0;
};

class ElfFile {
 public:
  // Refuses what is not a regular file without opening it (a FIFO would block, a device may act).
  [[nodiscard]] static base::Result<ElfFile> open(const std::string& path);
  // The descriptor stays the caller's.
  [[nodiscard]] static base::Result<ElfFile> open(int fd);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint16_t machine() const { return header_.e_machine; }  // EM_X86_64 or EM_AARCH64
  // p_offset and p_filesz are cut to the file; the rest is as the file says.
  [[nodiscard]] std::span<const Elf64_Phdr> segments() const { return segments_; }
  // Empty when there are none or they are damaged. Fields are as the file says: ask extent_of().
  [[nodiscard]] std::span<const Elf64_Shdr> sections() const { return sections_; }
  [[nodiscard]] bool sections_damaged() const { return sections_damaged_; }

  // The bytes of a section; nothing if it has none or they are not all in the file.
  [[nodiscard]] std::optional<Extent> extent_of(const Elf64_Shdr& section) const;
  [[nodiscard]] base::Result<std::optional<Extent>> section_named(std::string_view name) const;

  // From the byte that a process sees at `address` to the last byte of its segment that is in the file.
  [[nodiscard]] std::optional<Extent> at_address(std::uint64_t address) const { return mapped(address, 0); }
  // The same, for code: only in segments that are executable.
  [[nodiscard]] std::optional<Extent> code_at(std::uint64_t address) const { return mapped(address, PF_X); }

  // Fills `out` or fails: kFormat when the file is too short, kUnsupported when the allowance is spent.
  [[nodiscard]] base::Status read(std::uint64_t offset, std::span<char> out) const;
  template <typename T>
  [[nodiscard]] base::Result<T> read_as(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    TRY(read(offset, std::span(reinterpret_cast<char*>(&value), sizeof value)));
    return value;
  }
  // Charges work that is not a read.
  [[nodiscard]] base::Status spend(std::uint64_t steps) const;
  [[nodiscard]] const Work& work() const { return work_; }

 private:
  ElfFile() = default;
  [[nodiscard]] base::Status read_header();
  [[nodiscard]] base::Status read_segments();
  [[nodiscard]] base::Status read_sections();
  [[nodiscard]] std::optional<Extent> mapped(std::uint64_t address, std::uint32_t flags) const;

  base::UniqueFd fd_;
  std::uint64_t size_ = 0;
  Elf64_Ehdr header_{};
  std::uint64_t section_names_ = 0;  // index of the section that holds the names
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
  bool sections_damaged_ = false;
  mutable Work work_;
};

}  // namespace mcpvigil::elf
