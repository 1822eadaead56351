# SPDX-License-Identifier: Apache-2.0
# Most of the time to compile a small source is libtorch's headers: they are read once, for all modules that use libtorch, and
# once more for their tests.
function(xlt_precompile name libraries)
  file(WRITE ${CMAKE_BINARY_DIR}/generated/${name}.cpp "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  target_link_libraries(${name} PRIVATE xlt_flags xlt_torch ${libraries})
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()
# Lets TARGET use what NAME has precompiled.
function(xlt_use_precompiled target name)
  if(XLT_PCH)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# xlt_module(NAME DEPENDS … [PRIVATE …] [LIBRARIES …]): the static library xlt_NAME from src/NAME/**.cpp. DEPENDS are modules
# whose headers its own public headers include, PRIVATE those that only its sources use (libtorch's include folders, which
# carry an fmt of their own, thus stop at the wall).
# It sees only the headers of the modules it names (each module's include folder is linked through its target's
# dependencies), so a forbidden call does not link; tests/base/check_layers.py finds a forbidden include.
function(xlt_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(xlt_${name} STATIC ${sources})
  target_include_directories(xlt_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(xlt_${name} PUBLIC xlt_flags ${ARG_LIBRARIES})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(xlt_${name} PUBLIC xlt_${dependency})
  endforeach()
  foreach(dependency ${ARG_PRIVATE})
    target_link_libraries(xlt_${name} PRIVATE xlt_${dependency})
  endforeach()
endfunction()

# xlt_part(NAME OF MODULE SOURCES …): a library of its own for some of a module's sources (paths in src/MODULE, without .cpp), so that
# whoever links it does not link what the rest needs. The caller links it.
function(xlt_part name)
  cmake_parse_arguments(ARG "" "OF" "SOURCES" ${ARGN})
  get_target_property(rest xlt_${ARG_OF} SOURCES)
  set(own "")
  foreach(source ${ARG_SOURCES})
    list(APPEND own ${CMAKE_SOURCE_DIR}/src/${ARG_OF}/${source}.cpp)
  endforeach()
  list(REMOVE_ITEM rest ${own})
  set_property(TARGET xlt_${ARG_OF} PROPERTY SOURCES ${rest})
  add_library(xlt_${name} STATIC ${own})
  target_include_directories(xlt_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(xlt_${name} PUBLIC xlt_flags)
endfunction()

# xlt_test(NAME DEPENDS …): the test binary NAME_test from tests/NAME/**_test.cpp, label `unit`.
function(xlt_test name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE xlt_${name} ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(${name}_test PRIVATE xlt_${dependency})
  endforeach()
  target_compile_definitions(${name}_test PRIVATE XLT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  # Waiting threads that spin would take the cores from the other tests.
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT ${unit_timeout} ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
