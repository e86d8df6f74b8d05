// SPDX-License-Identifier: Apache-2.0
// find_functions: where in a file the functions of given names begin; what a uprobe needs to know.
//
// Looks in the dynamic symbols (also of a file without section headers) and in .symtab. Only functions with code in
// this file count: a program that imports SSL_read is not where SSL_read is.
//
//   TRY_ASSIGN(auto found, find_functions(elf, names));   // in the order of `names`, then by offset
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "elf/elf_file.h"

namespace mcpvigil::elf {

struct FunctionSymbol {
  std::string name;           // without version
  std::uint64_t address = 0;  // as linked
  std::uint64_t offset = 0;   // in the file; always in an executable segment
  std::uint64_t size = 0;     // as the symbol says; 0 if not known
  bool operator==(const FunctionSymbol&) const = default;
};

// One name may be there more than once (versions, local copies): each place is reported once. At most kMaxNames
// names, none empty. An Error means that a table could not be read *and* nothing was found in the others: that
// absence proves nothing. What was found before a table failed is returned.
[[nodiscard]] base::Result<std::vector<FunctionSymbol>> find_functions(const ElfFile& elf,
                                                                       std::span<const std::string_view> names);

// Whether .symtab has a function whose name starts like this.
[[nodiscard]] base::Result<bool> has_function_starting_with(const ElfFile& elf, std::string_view prefix);

}  // namespace mcpvigil::elf
