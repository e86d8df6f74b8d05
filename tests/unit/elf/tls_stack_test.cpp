// SPDX-License-Identifier: Apache-2.0
#include "elf/tls_stack.h"

#include <gtest/gtest.h>

#include "elf_image.h"

namespace mcpvigil::elf {
namespace {

constexpr std::string_view kGoMarker = "\xff Go buildinf:";
const std::string kGoTlsTable("\0crypto/tls.(*Conn).Read\0crypto/tls.(*Conn).Write\0main.main\0", 59);

TlsStack stack_of(const BuiltImage& built) {
  const auto elf = open_bytes(built.bytes);
  if (!elf) {
    ADD_FAILURE() << elf.error().message;
    return {};
  }
  return classify(*elf);
}

std::string hooks_of(const TlsStack& stack) {
  std::string text;
  for (const auto& hook : stack.hooks) text += (text.empty() ? "" : " ") + hook.name;
  return text;
}

ElfImage defining(const std::vector<std::string>& names, bool exported = true) {
  ElfImage image;
  std::uint64_t at = 0;
  for (const auto& name : names) (exported ? image.exported : image.local).push_back({name, at += 8});
  return image;
}

TEST(TlsStack, IsOpensslWhenReadAndWriteAreDefined) {
  const auto stack = stack_of(defining({"SSL_free", "SSL_write", "SSL_read", "SSL_write_ex2", "SSL_pending"}).build());
  EXPECT_EQ(stack.kind, TlsKind::kOpenssl);
  EXPECT_EQ(hooks_of(stack), "SSL_read SSL_write SSL_write_ex2 SSL_free");
  EXPECT_FALSE(stack.why.empty());
}

TEST(TlsStack, IsOpensslWhenLinkedStaticallyWithSymbols) {
  const auto stack = stack_of(defining({"SSL_write", "SSL_read"}, false).build());
  EXPECT_EQ(stack.kind, TlsKind::kOpenssl);
  EXPECT_EQ(hooks_of(stack), "SSL_read SSL_write");
}

TEST(TlsStack, IsNoneWhenOpensslIsOnlyImported) {
  ElfImage image;
  image.exported = {{"SSL_read", 0, STT_FUNC, SHN_UNDEF}, {"SSL_write", 0, STT_FUNC, SHN_UNDEF}, {"main", 8}};
  const auto stack = stack_of(image.build());
  EXPECT_EQ(stack.kind, TlsKind::kNone);
  EXPECT_TRUE(stack.hooks.empty());
}

TEST(TlsStack, IsNoneWhenOnlyOneEndIsDefined) {
  EXPECT_EQ(stack_of(defining({"SSL_read"}).build()).kind, TlsKind::kNone);
  EXPECT_EQ(stack_of(defining({"SSL_write", "SSL_free"}).build()).kind, TlsKind::kNone);
}

TEST(TlsStack, TellsBoringsslByWhatOnlyItHas) {
  const auto stack = stack_of(defining({"SSL_read", "SSL_write", "SSL_CTX_set_custom_verify"}).build());
  EXPECT_EQ(stack.kind, TlsKind::kBoringsslSymbols);
  EXPECT_EQ(hooks_of(stack), "SSL_read SSL_write");
}

TEST(TlsStack, NamesLibrariesItDoesNotHook) {
  EXPECT_EQ(stack_of(defining({"gnutls_record_send"}).build()).kind, TlsKind::kGnutls);
  EXPECT_EQ(stack_of(defining({"SSL_ImportFD", "PR_Write"}).build()).kind, TlsKind::kNss);
  EXPECT_EQ(stack_of(defining({"rustls_connection_process_new_packets"}).build()).kind, TlsKind::kRustlsGuess);
  EXPECT_EQ(stack_of(defining({"_ZN6rustls4conn4send17h0123456789abcdefE"}, false).build()).kind,
            TlsKind::kRustlsGuess);
}

TEST(TlsStack, DoesNotTakeNsprForTls) {
  EXPECT_EQ(stack_of(defining({"PR_Write", "PR_Read", "PR_Send"}).build()).kind, TlsKind::kNone);
}

TEST(TlsStack, IsGoOnlyWithBuildInformationAndCryptoTls) {
  for (const bool sections : {true, false}) {
    ElfImage image;
    image.with_sections = sections;
    image.data = std::string(kGoMarker) + std::string(16, '\0');
    image.pclntab = kGoTlsTable;
    EXPECT_EQ(stack_of(image.build()).kind, TlsKind::kGoCryptoTls);
    image.pclntab = std::string("\0main.main\0my/crypto/tls.(*Conn).Write\0", 40);
    EXPECT_EQ(stack_of(image.build()).kind, TlsKind::kNone) << "Go without crypto/tls";
    image.pclntab = kGoTlsTable;
    image.data = "something else entirely";
    EXPECT_EQ(stack_of(image.build()).kind, TlsKind::kNone) << "the name without Go";
  }
}

TEST(TlsStack, IsGoBySymbolToo) {
  auto image = defining({"crypto/tls.(*Conn).Write"}, false);
  EXPECT_EQ(stack_of(image.build()).kind, TlsKind::kNone);
  image.data = kGoMarker;
  EXPECT_EQ(stack_of(image.build()).kind, TlsKind::kGoCryptoTls);
}

TEST(TlsStack, IsUnknownWhenTheSymbolsCannotBeRead) {
  auto built = defining({"alpha"}, false).build();
  built.put(offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0});
  const auto stack = stack_of(built);
  EXPECT_EQ(stack.kind, TlsKind::kUnknown);
  EXPECT_EQ(stack.why, "section headers damaged");
}

TEST(TlsStack, EveryKindHasAName) {
  for (auto kind = TlsKind::kNone; kind < TlsKind::kUnknown; kind = TlsKind(static_cast<int>(kind) + 1)) {
    EXPECT_NE(name(kind), "unknown");
  }
  EXPECT_EQ(name(TlsKind::kUnknown), "unknown");
}

}  // namespace
}  // namespace mcpvigil::elf
