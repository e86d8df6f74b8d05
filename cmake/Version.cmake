# SPDX-License-Identifier: Apache-2.0
# include/mcpvigil/version.h.in -> <build>/generated/mcpvigil/version.h
set(MCPVIGIL_GIT_REVISION "unknown")
find_package(Git QUIET)
if(Git_FOUND)
  execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --short=12 HEAD WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    OUTPUT_VARIABLE MCPVIGIL_GIT_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
configure_file("${PROJECT_SOURCE_DIR}/include/mcpvigil/version.h.in" "${PROJECT_BINARY_DIR}/generated/mcpvigil/version.h" @ONLY)
add_library(mcpvigil_version INTERFACE)
target_include_directories(mcpvigil_version INTERFACE "${PROJECT_BINARY_DIR}/generated")
