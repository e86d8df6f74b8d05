// SPDX-License-Identifier: Apache-2.0
// Whether a file was made by the Go linker, and whether crypto/tls is in it.
#pragma once
#include <string_view>

#include "elf/elf_file.h"

namespace mcpvigil::elf {

// The one function through which crypto/tls sends; kept by the linker wherever a tls.Conn is used as a net.Conn.
inline constexpr std::string_view kGoTlsWrite = "crypto/tls.(*Conn).Write";

// The Go linker's build information, found the way debug/buildinfo finds it.
[[nodiscard]] base::Result<bool> is_go_program(const ElfFile& elf);

// Whether the table of function names that the Go runtime needs (and strip leaves) has kGoTlsWrite. Only for files
// that are Go programs.
[[nodiscard]] base::Result<bool> go_function_table_has_tls(const ElfFile& elf);

}  // namespace mcpvigil::elf
