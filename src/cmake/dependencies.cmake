# SPDX-License-Identifier: Apache-2.0
# Every third-party package, as one imported or interface target each.
add_library(xlt_flags INTERFACE)
target_compile_options(xlt_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers -Wno-unused-parameter -Werror=missing-declarations
                       -Werror=return-type -fno-math-errno)
if(XLT_SANITIZE STREQUAL "ADDRESS")
  # Instrumented code takes two and a half times as long to compile at -O2 as at -O0.
  target_compile_options(xlt_flags INTERFACE -O0 -fsanitize=address,undefined -fno-omit-frame-pointer -g1)
  target_link_options(xlt_flags INTERFACE -fsanitize=address,undefined)
elseif(XLT_SANITIZE STREQUAL "THREAD")
  target_compile_options(xlt_flags INTERFACE -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread)
  target_link_options(xlt_flags INTERFACE -fsanitize=thread)
elseif(XLT_SANITIZE)
  message(FATAL_ERROR "XLT_SANITIZE=${XLT_SANITIZE}; expected: ADDRESS, THREAD or OFF")
endif()

if(XLT_FUZZ)
  target_compile_options(xlt_flags INTERFACE -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
  target_link_options(xlt_flags INTERFACE -fsanitize=address,undefined)
endif()

find_package(Threads REQUIRED)
if(NOT XLT_OPS_ONLY)
  find_package(nlohmann_json REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(ICU REQUIRED COMPONENTS uc i18n data)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)
  pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
  find_library(XLT_FASTTEXT_LIBRARY fasttext REQUIRED)
  # For the scorer `http` alone: what is built without it says so when it is asked for.
  pkg_check_modules(CURL QUIET IMPORTED_TARGET libcurl)
  if(CURL_FOUND)
    message(STATUS "http scorer: ON, libcurl ${CURL_VERSION}")
  else()
    message(STATUS "http scorer: OFF, libcurl was not found (Debian, Ubuntu: apt-get install libcurl4-openssl-dev)")
  endif()
endif()
if(XLT_TESTS)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND AND XLT_OPS_ONLY)
    # A GPU node whose packages are not ours to install. Elsewhere: -DGTest_DIR=<folder of GTestConfig.cmake>.
    include(FetchContent)
    FetchContent_Declare(googletest URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz)
    FetchContent_MakeAvailable(googletest)
  elseif(NOT GTest_FOUND)
    find_package(GTest REQUIRED)
  endif()
endif()

# The Jinja engine of chat templates: llama.cpp's, whose sources the PyPI package llama-cpp-python carries (scripts/setup.sh
# unpacks the folder common/ of it). No package of Debian 12 or Ubuntu 24.04 has one that renders the templates of models.
if(NOT XLT_OPS_ONLY)
  set(jinja_root ${XLT_JINJA_PREFIX})
  if(NOT jinja_root)
    set(jinja_root ${CMAKE_SOURCE_DIR}/.venv/llama.cpp/common)
  endif()
  if(NOT EXISTS ${jinja_root}/jinja/runtime.h)
    message(FATAL_ERROR "llama.cpp's Jinja engine not found in '${jinja_root}'. Run ./scripts/setup.sh, or pass "
                        "-DXLT_JINJA_PREFIX=<llama.cpp's folder common/>.")
  endif()
  # All that its JSON wrapper takes from ggml.h.
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/jinja/ggml.h CONTENT "#include <cassert>\n#define GGML_ASSERT(x) assert(x)\n")
  add_library(xlt_jinja STATIC ${jinja_root}/jinja/lexer.cpp ${jinja_root}/jinja/parser.cpp ${jinja_root}/jinja/runtime.cpp
              ${jinja_root}/jinja/string.cpp ${jinja_root}/jinja/value.cpp ${jinja_root}/json.cpp ${jinja_root}/unicode.cpp)
  target_include_directories(xlt_jinja SYSTEM PUBLIC ${jinja_root} ${CMAKE_BINARY_DIR}/generated/jinja)
  set_target_properties(xlt_jinja PROPERTIES UNITY_BUILD OFF)  # its sources want to stand alone
  target_compile_options(xlt_jinja PRIVATE -w)
  target_link_libraries(xlt_jinja PRIVATE xlt_flags nlohmann_json::nlohmann_json)
  # Its string::strip knows ASCII's white space; src/text/jinja_strip.cpp has Python's.
  set_source_files_properties(${jinja_root}/jinja/string.cpp PROPERTIES COMPILE_DEFINITIONS strip=strip_ascii)
endif()

# libtorch: the user's own (XLT_TORCH_PREFIX) or the pinned wheel in .venv. We link libtorch_cpu and libc10 directly:
# the wheel's CMake package demands a CUDA toolkit even for a CPU build.
set(torch_root ${XLT_TORCH_PREFIX})
if(NOT torch_root)
  file(GLOB torch_root ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
endif()
if(NOT torch_root OR NOT EXISTS ${torch_root}/include/ATen/core/Tensor.h)
  message(FATAL_ERROR "libtorch not found (looked in '${torch_root}'). Run ./scripts/setup.sh, or pass "
                      "-DXLT_TORCH_PREFIX=<folder that holds include/ and lib/>.")
endif()
file(STRINGS ${torch_root}/include/torch/headeronly/version.h torch_version_lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
list(TRANSFORM torch_version_lines REPLACE "[^0-9]+" "")
list(JOIN torch_version_lines "." XLT_TORCH_VERSION)
message(STATUS "libtorch ${XLT_TORCH_VERSION} at ${torch_root}")
add_library(xlt_torch INTERFACE)
target_include_directories(xlt_torch SYSTEM INTERFACE ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
target_link_directories(xlt_torch INTERFACE ${torch_root}/lib)
target_link_libraries(xlt_torch INTERFACE torch_cpu c10)
# at::parallel_for is an inline template that runs serially in a translation unit compiled without OpenMP. The libgomp that is
# loaded is libtorch's own: both have the same soname, and the run path names libtorch's folder.
target_compile_options(xlt_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_link_options(xlt_torch INTERFACE -fopenmp -Wl,-rpath,${torch_root}/lib)

set(XLT_HAVE_CUDA OFF)
if(NOT XLT_CUDA STREQUAL "OFF")
  find_program(XLT_NVCC nvcc HINTS ENV CUDA_HOME PATH_SUFFIXES bin PATHS /usr/local/cuda)
  if(XLT_NVCC)
    set(XLT_HAVE_CUDA ON)
  elseif(XLT_CUDA STREQUAL "ON")
    message(FATAL_ERROR "XLT_CUDA=ON, but nvcc was not found on PATH, in CUDA_HOME/bin or in /usr/local/cuda/bin")
  endif()
endif()
message(STATUS "CUDA kernels: ${XLT_HAVE_CUDA}")
