// SPDX-License-Identifier: Apache-2.0
#include "elf/tls_stack.h"

#include <algorithm>
#include <array>
#include <span>

#include "elf/go_program.h"

namespace mcpvigil::elf {

using base::Result;

namespace {

constexpr std::array<std::string_view, 11> kOpensslHooks = {
    "SSL_read",     "SSL_read_ex", "SSL_write",  "SSL_write_ex", "SSL_write_ex2", "SSL_do_handshake",
    "SSL_shutdown", "SSL_free",    "SSL_set_fd", "SSL_set_rfd",  "SSL_set_wfd",
};
// In no version of OpenSSL or LibreSSL.
constexpr std::array<std::string_view, 2> kBoringssl = {"SSL_CTX_set_custom_verify",
                                                        "SSL_early_callback_ctx_extension_get"};
constexpr std::string_view kGnutls = "gnutls_record_send";
// Of libssl3 (NSS). PR_Write is not a sign: libnspr4 defines it for files and plain sockets, TLS or not.
constexpr std::string_view kNss = "SSL_ImportFD";
// The C interface of rustls, in librustls.so.
constexpr std::string_view kRustlsC = "rustls_connection_process_new_packets";
// Functions of the crate `rustls` itself: in Rust's mangling 6 is the length of the crate's name.
constexpr std::string_view kRustlsMangled = "_ZN6rustls";

using Functions = std::vector<FunctionSymbol>;

bool has(const Functions& functions, std::string_view name) {
  return std::ranges::any_of(functions, [&](const FunctionSymbol& f) { return f.name == name; });
}

bool has_any(const Functions& functions, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return has(functions, name); });
}

Result<TlsStack> go_stack(const ElfFile& elf, const Functions& functions) {
  TRY_ASSIGN(const bool go, is_go_program(elf));
  if (!go) return TlsStack{};
  if (has(functions, kGoTlsWrite)) {
    return TlsStack{TlsKind::kGoCryptoTls, {}, "Go build information, and crypto/tls in the symbols"};
  }
  TRY_ASSIGN(const bool tls, go_function_table_has_tls(elf));
  if (tls) return TlsStack{TlsKind::kGoCryptoTls, {}, "Go build information, and crypto/tls in gopclntab"};
  return TlsStack{};
}

Result<TlsStack> rustls_stack(const ElfFile& elf, const Functions& functions) {
  if (has(functions, kRustlsC)) return TlsStack{TlsKind::kRustlsGuess, {}, "defines the C interface of rustls"};
  TRY_ASSIGN(const bool mangled, has_function_starting_with(elf, kRustlsMangled));
  if (mangled) return TlsStack{TlsKind::kRustlsGuess, {}, "defines functions of the Rust crate rustls"};
  return TlsStack{};
}

Result<TlsStack> look(const ElfFile& elf) {
  std::vector<std::string_view> names(kOpensslHooks.begin(), kOpensslHooks.end());
  names.insert(names.end(), kBoringssl.begin(), kBoringssl.end());
  names.insert(names.end(), {kGnutls, kNss, kGoTlsWrite, kRustlsC});
  TRY_ASSIGN(Functions functions, find_functions(elf, names));

  // First what we can hook. Both ends are needed: with one of them we would report half a conversation as whole.
  if (has(functions, "SSL_read") && has(functions, "SSL_write")) {
    TlsStack stack{TlsKind::kOpenssl, {}, "defines SSL_read and SSL_write"};
    if (has_any(functions, kBoringssl)) {
      stack = {TlsKind::kBoringsslSymbols, {}, "defines SSL_read, SSL_write and functions only BoringSSL has"};
    }
    std::ranges::copy_if(functions, std::back_inserter(stack.hooks), [](const FunctionSymbol& f) {
      return std::ranges::find(kOpensslHooks, f.name) != kOpensslHooks.end();
    });
    return stack;
  }
  if (has(functions, kGnutls)) return TlsStack{TlsKind::kGnutls, {}, "defines gnutls_record_send"};
  if (has(functions, kNss)) return TlsStack{TlsKind::kNss, {}, "defines SSL_ImportFD of NSS"};
  TRY_ASSIGN(TlsStack go, go_stack(elf, functions));
  if (go.kind != TlsKind::kNone) return go;
  TRY_ASSIGN(TlsStack rustls, rustls_stack(elf, functions));
  if (rustls.kind != TlsKind::kNone) return rustls;
  return TlsStack{TlsKind::kNone, {}, "defines no TLS functions"};
}

}  // namespace

TlsStack classify(const ElfFile& elf) {
  auto stack = look(elf);
  if (!stack) return {TlsKind::kUnknown, {}, stack.error().message};
  return *std::move(stack);
}

std::string_view name(TlsKind kind) {
  switch (kind) {
    case TlsKind::kNone: return "none";
    case TlsKind::kOpenssl: return "openssl";
    case TlsKind::kBoringsslSymbols: return "boringssl_symbols";
    case TlsKind::kGnutls: return "gnutls";
    case TlsKind::kNss: return "nss";
    case TlsKind::kGoCryptoTls: return "go_crypto_tls";
    case TlsKind::kRustlsGuess: return "rustls_guess";
    case TlsKind::kUnknown: return "unknown";
  }
  return "unknown";
}

}  // namespace mcpvigil::elf
