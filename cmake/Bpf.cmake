# SPDX-License-Identifier: Apache-2.0
# mcpvigil_bpf_skeleton(NAME SOURCES a.bpf.c ...): one object each, linked into NAME.bpf.o, made into
# <build>/generated/NAME.skel.h behind the interface target NAME_skeleton.
find_program(BPF_CLANG NAMES clang-19 clang-20 clang-18 clang-17 clang-16 clang REQUIRED)
find_program(BPFTOOL bpftool PATHS /usr/sbin /sbin /usr/local/sbin REQUIRED)
find_program(LLVM_STRIP NAMES llvm-strip-19 llvm-strip-20 llvm-strip-18 llvm-strip-17 llvm-strip-16 llvm-strip REQUIRED)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(BPF_ARCH arm64)
else()
  set(BPF_ARCH x86)
endif()
set(BPF_FLAGS -g -O2 --target=bpf -mcpu=v3 -D__TARGET_ARCH_${BPF_ARCH} -Wall -Wno-unused-function -Werror)
if(CMAKE_LIBRARY_ARCHITECTURE)
  list(APPEND BPF_FLAGS -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
endif()

function(mcpvigil_bpf_skeleton name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  set(objects)
  foreach(source IN LISTS ARG_SOURCES)
    get_filename_component(base "${source}" NAME_WE)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${base}.bpf.o")
    add_custom_command(OUTPUT "${object}"
      COMMAND "${BPF_CLANG}" ${BPF_FLAGS} -MD -MF "${object}.d" -MT "${object}"
              -c "${CMAKE_CURRENT_SOURCE_DIR}/${source}" -o "${object}"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${source}" DEPFILE "${object}.d" COMMENT "BPF ${source}" VERBATIM)
    list(APPEND objects "${object}")
  endforeach()
  set(linked "${CMAKE_CURRENT_BINARY_DIR}/${name}.linked.o")
  set(header "${PROJECT_BINARY_DIR}/generated/${name}.skel.h")
  add_custom_command(OUTPUT "${header}"
    COMMAND "${BPFTOOL}" gen object "${linked}" ${objects}
    COMMAND "${LLVM_STRIP}" -g "${linked}"
    COMMAND "${BPFTOOL}" gen skeleton "${linked}" name ${name} > "${header}"
    DEPENDS ${objects} COMMENT "BPF skeleton ${name}" VERBATIM)
  add_custom_target(${name}_generate DEPENDS "${header}")
  add_library(${name}_skeleton INTERFACE)
  add_dependencies(${name}_skeleton ${name}_generate)
  target_include_directories(${name}_skeleton SYSTEM INTERFACE "${PROJECT_BINARY_DIR}/generated")
endfunction()
