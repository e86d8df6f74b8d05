// SPDX-License-Identifier: Apache-2.0
// ElfImage: a small ELF file made byte by byte, with every table where the test can find and break it.
//
//   ElfImage image;
//   image.exported = {{"SSL_read", 0x10}};
//   const auto built = image.build();
//   auto elf = open_bytes(built.bytes);
#pragma once
#include <elf.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "elf/elf_file.h"

namespace mcpvigil::elf {

struct ImageSymbol {
  std::string name;
  std::uint64_t into_text = 0;
  unsigned char type = STT_FUNC;
  std::uint16_t section = 1;  // SHN_UNDEF: an import
  unsigned char binding = STB_GLOBAL;
};

struct BuiltImage {
  std::string bytes;
  // Offsets: "text" "data" "pclntab" "note" "dynsym" "dynstr" "gnu_hash" "sysv_hash" "dynamic" "symtab" "strtab"
  // "sections" "phdrs"
  std::map<std::string, std::size_t> at;

  template <typename T>
  [[nodiscard]] T get(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
  template <typename T>
  void put(std::size_t offset, const T& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  }
};

struct ElfImage {
  std::vector<ImageSymbol> exported;  // .dynsym
  std::vector<ImageSymbol> local;     // .symtab
  std::string build_id;               // raw bytes
  std::string data;                   // .go.buildinfo, and the writable segment
  std::string pclntab;                // .gopclntab, in the read-only segment
  bool with_sections = true;
  bool with_gnu_hash = true;
  bool with_sysv_hash = false;
  std::uint16_t machine = EM_X86_64;
  std::uint16_t type = ET_DYN;

  static constexpr std::uint64_t kReadOnly = 0x400000;
  static constexpr std::uint64_t kText = 0x800000;  // address of file offset 0 in the executable segment
  static constexpr std::uint64_t kData = 0xc00000;
  static constexpr std::size_t kTextSize = 256;

  [[nodiscard]] BuiltImage build() const;
};

[[nodiscard]] base::Result<ElfFile> open_bytes(const std::string& bytes);

}  // namespace mcpvigil::elf
