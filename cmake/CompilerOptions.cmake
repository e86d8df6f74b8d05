# SPDX-License-Identifier: Apache-2.0
# mcpvigil_options: warnings, hardening and sanitizers, linked by every target.
add_library(mcpvigil_options INTERFACE)
target_compile_options(mcpvigil_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wimplicit-fallthrough
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  $<$<BOOL:${MCPVIGIL_WERROR}>:-Werror>
  -fstack-protector-strong -fno-omit-frame-pointer)
target_compile_definitions(mcpvigil_options INTERFACE
  _GLIBCXX_ASSERTIONS
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=3>)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(mcpvigil_options INTERFACE -fcf-protection -fstack-clash-protection)
endif()
target_link_options(mcpvigil_options INTERFACE -Wl,-z,relro,-z,now)
if(MCPVIGIL_SANITIZE)
  target_compile_options(mcpvigil_options INTERFACE -fsanitize=${MCPVIGIL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(mcpvigil_options INTERFACE -fsanitize=${MCPVIGIL_SANITIZE})
endif()
