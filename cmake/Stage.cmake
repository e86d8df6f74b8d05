# SPDX-License-Identifier: Apache-2.0
# mcpvigil_stage(NAME SOURCES ... DEPENDS ... PRIVATE_DEPENDS ...)
# One pipeline stage: folder = namespace = static library mcpvigil_NAME. A dependency that the
# law of arrows (ARCHITECTURE.md) does not allow fails tests/check/layering.
function(mcpvigil_stage name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(mcpvigil_${name} STATIC ${ARG_SOURCES})
  target_include_directories(mcpvigil_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(mcpvigil_${name} PRIVATE mcpvigil_options ${ARG_PRIVATE_DEPENDS} PUBLIC ${ARG_DEPENDS})
endfunction()
