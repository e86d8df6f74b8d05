# SPDX-License-Identifier: Apache-2.0
mcpvigil_fuzzer(capture DEPENDS mcpvigil_source)
mcpvigil_fuzzer(scenario DEPENDS mcpvigil_source mcpvigil_stream)
mcpvigil_fuzzer(stream DEPENDS mcpvigil_stream mcpvigil_event)
