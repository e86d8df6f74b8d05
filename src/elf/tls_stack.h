// SPDX-License-Identifier: Apache-2.0
// Which TLS library is inside a file, and where to hook it.
//
// Only OpenSSL and BoringSSL have hooks. The other kinds are shown to the operator as "not covered", so each rule
// names functions *defined* in the file that nothing else defines; a file that only uses a library is kNone.
//
//   const TlsStack stack = classify(elf);
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "elf/elf_file.h"
#include "elf/symbols.h"

namespace mcpvigil::elf {

enum class TlsKind {
  kNone,
  kOpenssl,           // and what has its interface: LibreSSL, libgnutls-openssl
  kBoringsslSymbols,  // BoringSSL or AWS-LC with symbols
  kGnutls,
  kNss,
  kGoCryptoTls,
  kRustlsGuess,  // rustls with symbols; most release builds have none and are kNone
  kUnknown,      // the symbols could not be read: no finding proves nothing
};

struct TlsStack {
  TlsKind kind = TlsKind::kNone;
  std::vector<FunctionSymbol> hooks;
  std::string why;  // one sentence for the operator
};

[[nodiscard]] TlsStack classify(const ElfFile& elf);
[[nodiscard]] std::string_view name(TlsKind kind);

}  // namespace mcpvigil::elf
