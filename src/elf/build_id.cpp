// SPDX-License-Identifier: Apache-2.0
#include "elf/build_id.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace mcpvigil::elf {

using base::Result;

namespace {

constexpr std::uint64_t kMaxNotes = 64;     // per segment or section; usual: 1 to 4
constexpr std::uint32_t kMaxBuildId = 64;   // bytes; usual: 20 (SHA-1), at most a SHA-512
constexpr std::size_t kMaxNoteTables = 64;  // segments or sections of notes; usual: 1 to 4

std::string hex(std::span<const char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xf];
  }
  return out;
}

Result<std::string> find_in(const ElfFile& elf, Extent notes, std::uint64_t align) {
  const auto padded = [align](std::uint64_t n) { return (n + align - 1) / align * align; };
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < kMaxNotes && notes.size - at > sizeof(Elf64_Nhdr); ++i) {
    TRY_ASSIGN(const auto note, elf.read_as<Elf64_Nhdr>(notes.offset + at));
    const std::uint64_t content = at + padded(sizeof note + note.n_namesz);
    if (content > notes.size || note.n_descsz > notes.size - content) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz != 0 && note.n_descsz <= kMaxBuildId) {
      TRY_ASSIGN(const auto owner, (elf.read_as<std::array<char, 4>>(notes.offset + at + sizeof note)));
      if (std::memcmp(owner.data(), "GNU", 4) == 0) {
        std::array<char, kMaxBuildId> id{};
        const auto used = std::span(id).first(note.n_descsz);
        TRY(elf.read(notes.offset + content, used));
        return hex(used);
      }
    }
    at = content + padded(note.n_descsz);
    if (at > notes.size) break;
  }
  return std::string();
}

}  // namespace

Result<std::string> build_id(const ElfFile& elf) {
  std::size_t tables = 0;
  for (const Elf64_Phdr& segment : elf.segments()) {
    if (segment.p_type != PT_NOTE || ++tables > kMaxNoteTables) continue;
    TRY_ASSIGN(auto id, find_in(elf, {segment.p_offset, segment.p_filesz}, segment.p_align == 8 ? 8 : 4));
    if (!id.empty()) return id;
  }
  for (const Elf64_Shdr& section : elf.sections()) {
    const auto notes = elf.extent_of(section);
    if (section.sh_type != SHT_NOTE || !notes || ++tables > kMaxNoteTables) continue;
    TRY_ASSIGN(auto id, find_in(elf, *notes, section.sh_addralign == 8 ? 8 : 4));
    if (!id.empty()) return id;
  }
  return std::string();
}

}  // namespace mcpvigil::elf
