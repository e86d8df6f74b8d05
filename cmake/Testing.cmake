# SPDX-License-Identifier: Apache-2.0
# Every test gets a label: unit golden fuzz check (no privilege), kernel e2e vm soak (need root and more).
find_package(GTest REQUIRED)
include(GoogleTest)

# mcpvigil_test(NAME LABEL unit SOURCES ... DEPENDS ...): one GoogleTest binary.
function(mcpvigil_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE mcpvigil_options ${ARG_DEPENDS} GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# mcpvigil_fuzzer(TARGET SOURCES ... DEPENDS ...): fuzz/fuzz_TARGET.cpp defines LLVMFuzzerTestOneInput.
# With clang and -fsanitize=fuzzer it is a libFuzzer binary; always, its corpus is a regression test.
function(mcpvigil_fuzzer target)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(fuzz_${target} fuzz_${target}.cpp)
  target_link_libraries(fuzz_${target} PRIVATE mcpvigil_options ${ARG_DEPENDS})
  if(MCPVIGIL_LIBFUZZER)
    target_compile_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz_${target} COMMAND fuzz_${target} -runs=0 "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${target}")
  else()
    target_sources(fuzz_${target} PRIVATE standalone_main.cpp)
    add_test(NAME fuzz_${target} COMMAND fuzz_${target} "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${target}")
  endif()
  set_tests_properties(fuzz_${target} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
