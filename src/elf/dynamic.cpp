// SPDX-License-Identifier: Apache-2.0
#include "elf/dynamic.h"

#include <algorithm>

namespace mcpvigil::elf {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t kMaxDynamicEntries = 4096;  // libraries have about 30, plus one for each library they need

struct Tags {
  std::uint64_t symbols = 0, strings = 0, strings_size = 0, gnu_hash = 0, sysv_hash = 0;
};

Result<Tags> read_tags(const ElfFile& elf, const Elf64_Phdr& segment) {
  Tags tags;
  const std::uint64_t count = std::min(segment.p_filesz / sizeof(Elf64_Dyn), kMaxDynamicEntries);
  std::vector<Elf64_Dyn> entries(count);
  TRY(elf.read(segment.p_offset, std::span(reinterpret_cast<char*>(entries.data()), count * sizeof(Elf64_Dyn))));
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_SYMTAB) tags.symbols = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRTAB) tags.strings = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) tags.strings_size = entry.d_un.d_val;
    if (entry.d_tag == DT_GNU_HASH) tags.gnu_hash = entry.d_un.d_ptr;
    if (entry.d_tag == DT_HASH) tags.sysv_hash = entry.d_un.d_ptr;
  }
  return tags;
}

// PT_DYNAMIC does not say how many symbols there are. In order of trust: the number of chains of the System V hash
// table, the section header, the distance to the string table that linkers put behind the symbols.
Result<std::uint64_t> count_symbols(const ElfFile& elf, const Tags& tags, Extent symbols) {
  if (const auto hash = elf.at_address(tags.sysv_hash); tags.sysv_hash != 0 && hash && hash->size >= 8) {
    TRY_ASSIGN(const std::uint32_t chains, elf.read_as<std::uint32_t>(hash->offset + 4));
    return chains;
  }
  for (const Elf64_Shdr& section : elf.sections()) {
    if (section.sh_type == SHT_DYNSYM && section.sh_offset == symbols.offset) {
      return section.sh_size / sizeof(Elf64_Sym);
    }
  }
  if (tags.strings > tags.symbols) return (tags.strings - tags.symbols) / sizeof(Elf64_Sym);
  return symbols.size / sizeof(Elf64_Sym);
}

}  // namespace

Result<std::optional<DynamicSymbols>> find_dynamic_symbols(const ElfFile& elf) {
  const auto segments = elf.segments();
  const auto dynamic = std::find_if(segments.begin(), segments.end(),
                                    [](const Elf64_Phdr& segment) { return segment.p_type == PT_DYNAMIC; });
  if (dynamic == segments.end()) return std::optional<DynamicSymbols>{};
  TRY_ASSIGN(const Tags tags, read_tags(elf, *dynamic));
  // A static PIE has PT_DYNAMIC and may have no symbol table.
  if (tags.symbols == 0 || tags.strings == 0) return std::optional<DynamicSymbols>{};
  const auto symbols = elf.at_address(tags.symbols);
  const auto strings = elf.at_address(tags.strings);
  if (!symbols || !strings) return Error{ErrorCode::kFormat, 0, "dynamic symbols outside the file"};

  DynamicSymbols found;
  if (tags.gnu_hash != 0) found.gnu_hash = elf.at_address(tags.gnu_hash);
  TRY_ASSIGN(const std::uint64_t count, count_symbols(elf, tags, *symbols));
  found.to_segment_end = *symbols;
  const std::uint64_t room = symbols->size / sizeof(Elf64_Sym);
  found.table.symbols = {symbols->offset, std::min(count, room) * sizeof(Elf64_Sym)};
  found.table.strings = {strings->offset, std::min(tags.strings_size, strings->size)};
  return std::optional(found);
}

}  // namespace mcpvigil::elf
