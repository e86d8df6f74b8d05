// SPDX-License-Identifier: Apache-2.0
#include "elf/symbols.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "elf/dynamic.h"
#include "elf/gnu_hash.h"
#include "elf/symbol_scan.h"

namespace mcpvigil::elf {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Result<std::vector<SymbolHit>> look_up(const ElfFile& elf, const GnuHash& hash,
                                       std::span<const std::string_view> names) {
  std::vector<SymbolHit> hits;
  for (std::size_t i = 0; i < names.size(); ++i) {
    TRY_ASSIGN(const auto symbols, hash.find(elf, names[i]));
    for (const Elf64_Sym& symbol : symbols) {
      if (is_defined_function(symbol)) hits.push_back({i, symbol});
    }
  }
  return hits;
}

Result<std::vector<SymbolHit>> find_dynamic(const ElfFile& elf, std::span<const std::string_view> names) {
  TRY_ASSIGN(const auto dynamic, find_dynamic_symbols(elf));
  if (!dynamic) return std::vector<SymbolHit>{};
  if (const auto hash = GnuHash::open(elf, *dynamic)) {
    if (auto hits = look_up(elf, *hash, names)) return hits;
  }
  return scan_symbols(elf, dynamic->table, names);
}

Result<std::optional<SymbolTable>> static_table(const ElfFile& elf) {
  if (elf.sections_damaged()) return Error{ErrorCode::kFormat, 0, "section headers damaged"};
  for (const Elf64_Shdr& section : elf.sections()) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const auto symbols = elf.extent_of(section);
    if (!symbols || section.sh_entsize != sizeof(Elf64_Sym) || section.sh_link >= elf.sections().size()) {
      return Error{ErrorCode::kFormat, 0, ".symtab damaged"};
    }
    const auto strings = elf.extent_of(elf.sections()[section.sh_link]);
    if (!strings) return Error{ErrorCode::kFormat, 0, ".strtab damaged"};
    return std::optional(SymbolTable{*symbols, *strings});  // the format allows one
  }
  return std::optional<SymbolTable>{};
}

Result<std::vector<SymbolHit>> find_static(const ElfFile& elf, std::span<const std::string_view> names) {
  TRY_ASSIGN(const auto table, static_table(elf));
  if (!table) return std::vector<SymbolHit>{};
  return scan_symbols(elf, *table, names);
}

}  // namespace

Result<std::vector<FunctionSymbol>> find_functions(const ElfFile& elf, std::span<const std::string_view> names) {
  if (names.size() > kMaxNames) return Error{ErrorCode::kInvalid, 0, "more than 64 names"};
  if (std::ranges::any_of(names, &std::string_view::empty)) return Error{ErrorCode::kInvalid, 0, "an empty name"};

  std::optional<Error> failure;
  std::set<std::pair<std::size_t, std::uint64_t>> seen;  // name, offset
  std::vector<std::pair<std::size_t, FunctionSymbol>> found;
  for (auto* find : {find_dynamic, find_static}) {
    const auto hits = find(elf, names);
    if (!hits) {
      if (!failure) failure = hits.error();
      continue;
    }
    for (const auto& [name, symbol] : *hits) {
      const auto code = elf.code_at(symbol.st_value);
      if (!code || !seen.emplace(name, code->offset).second) continue;
      found.push_back({name, {std::string(names[name]), symbol.st_value, code->offset, symbol.st_size}});
    }
  }
  if (found.empty() && failure) return *std::move(failure);
  std::ranges::sort(found, {}, [](const auto& f) { return std::pair(f.first, f.second.offset); });
  std::vector<FunctionSymbol> functions;
  functions.reserve(found.size());
  for (auto& f : found) functions.push_back(std::move(f.second));
  return functions;
}

Result<bool> has_function_starting_with(const ElfFile& elf, std::string_view prefix) {
  if (prefix.empty()) return Error{ErrorCode::kInvalid, 0, "an empty name"};
  TRY_ASSIGN(const auto table, static_table(elf));
  if (!table) return false;
  return has_symbol_starting_with(elf, *table, prefix);
}

}  // namespace mcpvigil::elf
