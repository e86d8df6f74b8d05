// SPDX-License-Identifier: Apache-2.0
// A look through a whole symbol table, for tables without a hash (.symtab) or with a broken one.
//
// Two passes, each from front to back in pieces: first the string table, for the places where a wanted name stands;
// then the symbols, for those that point there. Following each symbol to its name would jump all over the file.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "elf/dynamic.h"

namespace mcpvigil::elf {

inline constexpr std::size_t kMaxNames = 64;  // wanted at once: they are the bits of a word

struct SymbolHit {
  std::size_t name;  // index into the wanted names
  Elf64_Sym symbol;
};

// Symbols of type function, defined here, with one of these names. A version after '@' is not part of the name.
[[nodiscard]] base::Result<std::vector<SymbolHit>> scan_symbols(const ElfFile& elf, const SymbolTable& table,
                                                                std::span<const std::string_view> names);

// The same for the beginning of names; stops at the first.
[[nodiscard]] base::Result<bool> has_symbol_starting_with(const ElfFile& elf, const SymbolTable& table,
                                                          std::string_view prefix);

// A function with code in this file (not an import, not an indirect function's resolver).
[[nodiscard]] bool is_defined_function(const Elf64_Sym& symbol);

}  // namespace mcpvigil::elf
