// SPDX-License-Identifier: Apache-2.0
#include "elf/symbol_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "elf/pieces.h"

namespace mcpvigil::elf {

using base::Bytes;
using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

// One name stands in a string table once, twice at most; this many is a table made to keep us busy.
constexpr std::size_t kMaxPlaces = 4096;

struct Place {
  std::uint64_t offset;  // in the string table
  std::size_t name;
  auto operator<=>(const Place&) const = default;
};

// Finds where wanted names end. Strings may share their tails ("read" in "SSL_read"), so what stands before a name
// does not matter; the symbol's offset decides where it begins.
class NameFinder {
 public:
  NameFinder(const ElfFile& elf, std::span<const std::string_view> names) : elf_(elf), names_(names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      ends_in_[static_cast<unsigned char>(names[i].back())] |= std::uint64_t{1} << i;
    }
  }

  // '\0' ends a name, '@' begins its version.
  [[nodiscard]] Result<bool> look_for_ends(Bytes piece, std::uint64_t offset, std::size_t fresh, char end) {
    std::uint64_t steps = 0;
    for (std::size_t at = piece.find(end, fresh); at != Bytes::npos; at = piece.find(end, at + 1)) {
      ++steps;
      if (at == 0) continue;
      for (std::uint64_t left = ends_in_[static_cast<unsigned char>(piece[at - 1])]; left != 0; left &= left - 1) {
        const auto name = static_cast<std::size_t>(std::countr_zero(left));
        if (!piece.substr(0, at).ends_with(names_[name])) continue;
        if (places_.size() == kMaxPlaces) return Error{ErrorCode::kUnsupported, 0, "a name repeated too often"};
        places_.push_back({offset + at - names_[name].size(), name});
      }
    }
    TRY(elf_.spend(steps));
    return true;
  }
  [[nodiscard]] std::vector<Place> take() {
    std::sort(places_.begin(), places_.end());
    return std::move(places_);
  }

 private:
  const ElfFile& elf_;
  std::span<const std::string_view> names_;
  std::array<std::uint64_t, 256> ends_in_{};  // by last character: which names
  std::vector<Place> places_;
};

Status check_size(const SymbolTable& table) {
  if (table.symbols.size / sizeof(Elf64_Sym) > kMaxSymbols) {
    return Error{ErrorCode::kUnsupported, 0, "more than 4 million symbols"};
  }
  if (table.strings.size > kMaxStringTable) {
    return Error{ErrorCode::kUnsupported, 0, "a string table of more than 256 MiB"};
  }
  return {};
}

// visit(symbol) for each; false to stop.
template <typename Visit>
Status for_each_symbol(const ElfFile& elf, Extent symbols, Visit&& visit) {
  const std::uint64_t count = symbols.size / sizeof(Elf64_Sym);
  std::vector<Elf64_Sym> chunk(static_cast<std::size_t>(std::min<std::uint64_t>(count, 4096)));
  for (std::uint64_t done = 0; done < count;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), count - done));
    TRY(elf.read(symbols.offset + done * sizeof(Elf64_Sym),
                 std::span(reinterpret_cast<char*>(chunk.data()), n * sizeof(Elf64_Sym))));
    TRY(elf.spend(n));
    for (std::size_t i = 0; i < n; ++i) {
      if (!visit(chunk[i])) return {};
    }
    done += n;
  }
  return {};
}

}  // namespace

bool is_defined_function(const Elf64_Sym& symbol) {
  return (symbol.st_info & 0xf) == STT_FUNC && symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS &&
         symbol.st_shndx != SHN_COMMON && symbol.st_value != 0;
}

Result<std::vector<SymbolHit>> scan_symbols(const ElfFile& elf, const SymbolTable& table,
                                            std::span<const std::string_view> names) {
  TRY(check_size(table));
  std::size_t longest = 0;
  for (const auto name : names) longest = std::max(longest, name.size());

  NameFinder finder(elf, names);
  const auto look = [&](Bytes piece, std::uint64_t offset, std::size_t fresh) -> Result<bool> {
    TRY(finder.look_for_ends(piece, offset, fresh, '\0'));
    return finder.look_for_ends(piece, offset, fresh, '@');
  };
  TRY(for_each_piece(elf, table.strings, longest, look));
  const std::vector<Place> places = finder.take();
  std::vector<SymbolHit> hits;
  if (places.empty()) return hits;

  bool too_many = false;
  TRY(for_each_symbol(elf, table.symbols, [&](const Elf64_Sym& symbol) {
    if (!is_defined_function(symbol)) return true;
    auto place = std::lower_bound(places.begin(), places.end(), Place{symbol.st_name, 0});
    for (; place != places.end() && place->offset == symbol.st_name; ++place) {
      if (too_many = hits.size() == kMaxPlaces; too_many) return false;
      hits.push_back({place->name, symbol});
    }
    return true;
  }));
  if (too_many) return Error{ErrorCode::kUnsupported, 0, "a name repeated too often"};
  return hits;
}

Result<bool> has_symbol_starting_with(const ElfFile& elf, const SymbolTable& table, std::string_view prefix) {
  TRY(check_size(table));
  // A few places are enough: one function that starts there settles it.
  constexpr std::size_t kEnough = 256;
  std::vector<std::uint64_t> places;
  TRY(for_each_piece(elf, table.strings, prefix.size() - 1,
                     [&](Bytes piece, std::uint64_t offset, std::size_t) -> Result<bool> {
                       for (std::size_t at = piece.find(prefix); at != Bytes::npos; at = piece.find(prefix, at + 1)) {
                         places.push_back(offset + at);
                         if (places.size() == kEnough) return false;
                       }
                       return true;
                     }));
  bool found = false;
  if (places.empty()) return found;
  TRY(for_each_symbol(elf, table.symbols, [&](const Elf64_Sym& symbol) {
    found = is_defined_function(symbol) && std::binary_search(places.begin(), places.end(), symbol.st_name);
    return !found;
  }));
  return found;
}

}  // namespace mcpvigil::elf
