// SPDX-License-Identifier: Apache-2.0
// for_each_piece: a part of a file in pieces of a fixed size, so that memory does not follow what the file claims.
//
// Each piece starts with the last `overlap` bytes of the one before, so that no text up to overlap + 1 bytes long is
// cut. visit(text, offset, fresh): text begins `offset` bytes into the extent and its first `fresh` bytes were
// visited before; it returns Result<bool>, false to stop.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "elf/elf_file.h"

namespace mcpvigil::elf {

inline constexpr std::size_t kPieceSize = 256U << 10;  // large enough for the read itself not to matter

template <typename Visit>
[[nodiscard]] base::Status for_each_piece(const ElfFile& elf, Extent extent, std::size_t overlap, Visit&& visit) {
  std::vector<char> buffer(overlap + static_cast<std::size_t>(std::min<std::uint64_t>(kPieceSize, extent.size)));
  std::size_t kept = 0;
  for (std::uint64_t done = 0; done < extent.size;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceSize, extent.size - done));
    TRY(elf.read(extent.offset + done, std::span(buffer).subspan(kept, n)));
    TRY_ASSIGN(const bool more, visit(base::Bytes(buffer.data(), kept + n), done - kept, kept));
    if (!more) return {};
    done += n;
    const std::size_t keep = std::min(overlap, kept + n);
    std::memmove(buffer.data(), buffer.data() + kept + n - keep, keep);
    kept = keep;
  }
  return {};
}

// Whether `text` occurs in the extent.
[[nodiscard]] inline base::Result<bool> contains(const ElfFile& elf, Extent extent, base::Bytes text) {
  bool found = false;
  TRY(for_each_piece(elf, extent, text.size() - 1,
                     [&](base::Bytes piece, std::uint64_t, std::size_t) -> base::Result<bool> {
                       found = ::memmem(piece.data(), piece.size(), text.data(), text.size()) != nullptr;
                       return !found;
                     }));
  return found;
}

}  // namespace mcpvigil::elf
