// SPDX-License-Identifier: Apache-2.0
// Any bytes as an ELF file: no crash, no loop, no answer outside the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "elf/build_id.h"
#include "elf/tls_stack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace elf = mcpvigil::elf;
  const mcpvigil::base::UniqueFd fd(::memfd_create("fuzz_elf", MFD_CLOEXEC));
  if (!fd || ::write(fd.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  const auto file = elf::ElfFile::open(fd.get());
  if (!file) return 0;
  const auto id = elf::build_id(*file);
  if (id && id->size() > 128) std::abort();
  const elf::TlsStack stack = elf::classify(*file);
  for (const auto& hook : stack.hooks) {
    if (hook.offset >= size) std::abort();
  }
  // What a file may cost follows its size, whatever it says.
  if (file->work().steps > 100000 + 128 * size || file->work().bytes > 1000000 + 128 * size) std::abort();
  return 0;
}
