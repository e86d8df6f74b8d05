// SPDX-License-Identifier: Apache-2.0
#include "elf/go_program.h"

#include <algorithm>
#include <array>
#include <string>

#include "elf/pieces.h"

namespace mcpvigil::elf {

using base::Result;

namespace {

constexpr std::string_view kMarker = "\xff Go buildinf:";
constexpr std::uint64_t kMarkerWithin = 1U << 20;   // of the first data segment, when there are no sections
constexpr int kMaxSegments = 8;                     // that may hold the table; Go makes one or two
constexpr std::uint64_t kTableWithin = 128U << 20;  // of read-only segments, when there are no sections

}  // namespace

Result<bool> is_go_program(const ElfFile& elf) {
  TRY_ASSIGN(const auto section, elf.section_named(".go.buildinfo"));
  if (section) {
    if (section->size < kMarker.size()) return false;
    std::array<char, kMarker.size()> start{};
    TRY(elf.read(section->offset, start));
    return std::string_view(start.data(), start.size()) == kMarker;
  }
  if (!elf.sections().empty()) return false;
  for (const Elf64_Phdr& segment : elf.segments()) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & (PF_X | PF_W)) != PF_W) continue;
    return contains(elf, {segment.p_offset, std::min<std::uint64_t>(segment.p_filesz, kMarkerWithin)}, kMarker);
  }
  return false;
}

Result<bool> go_function_table_has_tls(const ElfFile& elf) {
  const std::string name = '\0' + std::string(kGoTlsWrite) + '\0';      // whole, not the end or start of another
  for (const auto* table : {".gopclntab", ".data.rel.ro.gopclntab"}) {  // the second in position-independent files
    TRY_ASSIGN(const auto section, elf.section_named(table));
    if (section) return contains(elf, {section->offset, std::min(section->size, kTableWithin)}, name);
  }
  if (!elf.sections().empty()) return false;
  std::uint64_t left = kTableWithin;
  int segments = 0;
  for (const Elf64_Phdr& segment : elf.segments()) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) != 0 || ++segments > kMaxSegments) continue;
    const std::uint64_t size = std::min<std::uint64_t>(segment.p_filesz, left);
    left -= size;
    TRY_ASSIGN(const bool found, contains(elf, {segment.p_offset, size}, name));
    if (found) return true;
  }
  return false;
}

}  // namespace mcpvigil::elf
