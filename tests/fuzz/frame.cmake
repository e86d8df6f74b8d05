# SPDX-License-Identifier: Apache-2.0
mcpvigil_fuzzer(ndjson DEPENDS mcpvigil_frame)
mcpvigil_fuzzer(http1 DEPENDS mcpvigil_frame)
mcpvigil_fuzzer(sse DEPENDS mcpvigil_frame)
mcpvigil_fuzzer(encoding DEPENDS mcpvigil_frame)
