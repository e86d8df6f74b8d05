// SPDX-License-Identifier: Apache-2.0
// DynamicSymbols: where the dynamic linker finds the exported names, through PT_DYNAMIC (no section header needed).
//
//   TRY_ASSIGN(const auto dynamic, find_dynamic_symbols(elf));   // nothing: statically linked
#pragma once
#include <optional>

#include "elf/elf_file.h"

namespace mcpvigil::elf {

struct SymbolTable {
  Extent symbols;  // whole Elf64_Sym records
  Extent strings;
};

struct DynamicSymbols {
  SymbolTable table;               // with the best count there is; see dynamic.cpp
  Extent to_segment_end;           // the symbols again, as far as their segment goes
  std::optional<Extent> gnu_hash;  // from its header to the end of the segment
};

// kFormat when PT_DYNAMIC names tables that are not in the file.
[[nodiscard]] base::Result<std::optional<DynamicSymbols>> find_dynamic_symbols(const ElfFile& elf);

}  // namespace mcpvigil::elf
