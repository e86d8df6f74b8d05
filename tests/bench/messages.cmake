# SPDX-License-Identifier: Apache-2.0
find_package(benchmark REQUIRED CONFIG)
add_executable(bench_parse bench_parse.cpp)
target_link_libraries(bench_parse PRIVATE mcpvigil_options mcpvigil_mcp benchmark::benchmark)
