# SPDX-License-Identifier: Apache-2.0
mcpvigil_fuzzer(jsonrpc DEPENDS mcpvigil_jsonrpc)
mcpvigil_fuzzer(mcp DEPENDS mcpvigil_mcp)
