# SPDX-License-Identifier: Apache-2.0
# Compiles src/ops/*.cu with nvcc into xlt_ops; included where nvcc was found (XLT_NVCC).
# Custom commands rather than CMake's CUDA language: the kernels are torch-free and need neither Torch's CMake package (which
# probes for a GPU toolkit of its own version) nor device linking. C++17: CMake 3.25 knows no CUDA20, and nothing needs it.
# cudart is linked statically and libtorch_cuda not at all: the binary starts where no CUDA library is; the libraries are
# loaded when a CUDA device is asked for (xlt/ops/cuda.h).
get_filename_component(cuda_root ${XLT_NVCC} REALPATH)
get_filename_component(cuda_root ${cuda_root}/../.. ABSOLUTE)
find_library(XLT_CUDART cudart_static HINTS ${cuda_root} PATH_SUFFIXES lib64 lib targets/x86_64-linux/lib REQUIRED)

# PTX of the newest architecture goes in too, for GPUs newer than the list.
set(nvcc_flags -std=c++17 -O3 -Xptxas -v --expt-relaxed-constexpr -I${CMAKE_SOURCE_DIR}/include -I${CMAKE_SOURCE_DIR}/src)
set(newest 0)
foreach(architecture ${XLT_CUDA_ARCHITECTURES})
  list(APPEND nvcc_flags -gencode=arch=compute_${architecture},code=sm_${architecture})
  if(architecture GREATER newest)
    set(newest ${architecture})
  endif()
endforeach()
list(APPEND nvcc_flags -gencode=arch=compute_${newest},code=compute_${newest})

set(nvcc_launcher)
if(XLT_CCACHE)
  set(nvcc_launcher ${XLT_CCACHE})
endif()
file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/ops/*.cu)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cuda)
set(cuda_objects)
foreach(source ${cuda_sources})
  get_filename_component(stem ${source} NAME_WE)
  set(object ${CMAKE_BINARY_DIR}/cuda/${stem}.cu.o)
  add_custom_command(
    OUTPUT ${object}
    # Registers, shared memory and spills go beside the object, where tests/ops/check_ptxas.py reads them.
    COMMAND sh -c "report=$0; \"$@\" 2> \"$report\" || { cat \"$report\" >&2; exit 1; }" ${CMAKE_BINARY_DIR}/cuda/${stem}.ptxas
            ${nvcc_launcher} ${XLT_NVCC} ${nvcc_flags} -MD -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "nvcc ${stem}.cu"
    VERBATIM)
  list(APPEND cuda_objects ${object})
  target_sources(xlt_ops PRIVATE ${object})
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
endforeach()
add_custom_target(cuda_kernels DEPENDS ${cuda_objects})  # nothing but these: the preset all-gpus
target_compile_definitions(xlt_ops PRIVATE XLT_CUDA)
target_link_libraries(xlt_ops PUBLIC ${XLT_CUDART} ${CMAKE_DL_LIBS} rt)
