# SPDX-License-Identifier: Apache-2.0
mcpvigil_fuzzer(elf DEPENDS mcpvigil_elf)
