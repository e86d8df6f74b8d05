// SPDX-License-Identifier: Apache-2.0
// The GNU build-id: which build of a program this is, whatever its path. Copying over a file keeps the inode; the
// build-id tells.
#pragma once
#include <string>

#include "base/result.h"
#include "elf/elf_file.h"

namespace mcpvigil::elf {

// Lower-case hex, or empty when the file has none.
[[nodiscard]] base::Result<std::string> build_id(const ElfFile& elf);

}  // namespace mcpvigil::elf
