// SPDX-License-Identifier: Apache-2.0
// Exact look-up of exported names through DT_GNU_HASH: a handful of small reads, however large the library.
//
// The table holds every name the dynamic linker can find, so "not in the table" is an answer.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "elf/dynamic.h"

namespace mcpvigil::elf {

[[nodiscard]] std::uint32_t gnu_hash(std::string_view name);

class GnuHash {
 public:
  // kFormat when the table cannot be one: look through the symbols instead.
  [[nodiscard]] static base::Result<GnuHash> open(const ElfFile& elf, const DynamicSymbols& dynamic);

  // Every symbol of this name, of whatever type and version. kFormat as above. `elf` must be the one opened with.
  [[nodiscard]] base::Result<std::vector<Elf64_Sym>> find(const ElfFile& elf, std::string_view name) const;

 private:
  struct Header {
    std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
  };
  Extent symbols_;  // to the end of the segment: the table knows best how many there are
  Extent strings_;
  Extent bloom_, buckets_, chains_;
  Header header_{};
};

}  // namespace mcpvigil::elf
