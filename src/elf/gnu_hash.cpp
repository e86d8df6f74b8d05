// SPDX-License-Identifier: Apache-2.0
#include "elf/gnu_hash.h"

#include <algorithm>
#include <array>

namespace mcpvigil::elf {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Names of one bucket. Linkers aim for a few; more is a table made to keep us busy, and the scan is cheaper.
constexpr std::uint32_t kMaxChain = 4096;

Error damaged(const char* what) { return {ErrorCode::kFormat, 0, what}; }

}  // namespace

std::uint32_t gnu_hash(std::string_view name) {
  std::uint32_t h = 5381;
  for (const char c : name) h = h * 33 + static_cast<unsigned char>(c);
  return h;
}

Result<GnuHash> GnuHash::open(const ElfFile& elf, const DynamicSymbols& dynamic) {
  if (!dynamic.gnu_hash) return damaged("no hash table");
  GnuHash hash;
  const Extent all = *dynamic.gnu_hash;
  if (all.size < sizeof(Header)) return damaged("hash table cut short");
  TRY_ASSIGN(hash.header_, elf.read_as<Header>(all.offset));
  const std::uint64_t bloom = std::uint64_t{hash.header_.bloom_words} * 8;
  const std::uint64_t buckets = std::uint64_t{hash.header_.buckets} * 4;
  if (bloom == 0 || buckets == 0 || hash.header_.bloom_shift > 31) return damaged("empty hash table");
  if (bloom + buckets > all.size - sizeof(Header)) return damaged("hash table larger than its segment");
  hash.bloom_ = {all.offset + sizeof(Header), bloom};
  hash.buckets_ = {hash.bloom_.offset + bloom, buckets};
  hash.chains_ = {hash.buckets_.offset + buckets, all.size - sizeof(Header) - bloom - buckets};
  hash.strings_ = dynamic.table.strings;
  hash.symbols_ = dynamic.to_segment_end;
  return hash;
}

Result<std::vector<Elf64_Sym>> GnuHash::find(const ElfFile& elf, std::string_view name) const {
  const std::uint32_t h = gnu_hash(name);
  TRY_ASSIGN(const auto word, elf.read_as<std::uint64_t>(bloom_.offset + (h / 64) % header_.bloom_words * 8ULL));
  if (((word >> (h % 64)) & (word >> ((h >> header_.bloom_shift) % 64)) & 1) == 0) return std::vector<Elf64_Sym>{};
  TRY_ASSIGN(std::uint64_t symbol, elf.read_as<std::uint32_t>(buckets_.offset + h % header_.buckets * 4ULL));
  if (symbol == 0) return std::vector<Elf64_Sym>{};
  if (symbol < header_.first_symbol) return damaged("hash bucket below the first symbol");

  std::vector<Elf64_Sym> found;
  std::string spelled(name.size() + 1, '\0');
  std::array<std::uint32_t, 32> chain;
  for (std::uint32_t seen = 0; seen < kMaxChain; ++seen, ++symbol) {
    const std::uint64_t link = symbol - header_.first_symbol;
    const std::size_t in_piece = seen % chain.size();
    if (in_piece == 0) {
      if (link * 4 >= chains_.size) return damaged("hash chain beyond its segment");
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof chain, chains_.size - link * 4));
      chain.fill(0);
      TRY(elf.read(chains_.offset + link * 4, std::span(reinterpret_cast<char*>(chain.data()), n)));
    }
    TRY(elf.spend(1));
    if ((chain[in_piece] | 1) == (h | 1)) {
      if ((symbol + 1) * sizeof(Elf64_Sym) > symbols_.size) return damaged("hashed symbol beyond its segment");
      TRY_ASSIGN(const auto record, elf.read_as<Elf64_Sym>(symbols_.offset + symbol * sizeof(Elf64_Sym)));
      if (record.st_name < strings_.size && spelled.size() <= strings_.size - record.st_name) {
        TRY(elf.read(strings_.offset + record.st_name, spelled));
        if (spelled.back() == '\0' && spelled.starts_with(name)) found.push_back(record);
      }
    }
    if ((chain[in_piece] & 1) != 0) return found;
  }
  return damaged("hash chain without an end");
}

}  // namespace mcpvigil::elf
