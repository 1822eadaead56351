# SPDX-License-Identifier: Apache-2.0
# src/base/version.cpp.in → version, commit and whether the tree had uncommitted changes, at configure time.
find_package(Git QUIET)
set(XLT_COMMIT "unknown")
set(XLT_DIRTY "false")
if(GIT_FOUND AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                  OUTPUT_VARIABLE XLT_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${GIT_EXECUTABLE} status --porcelain --untracked-files=no WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                  OUTPUT_VARIABLE changes ERROR_QUIET)
  if(changes)
    set(XLT_DIRTY "true")
  endif()
endif()
configure_file(${CMAKE_SOURCE_DIR}/src/cmake/version.cpp.in ${CMAKE_BINARY_DIR}/generated/version.cpp @ONLY)
