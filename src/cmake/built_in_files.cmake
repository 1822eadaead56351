# SPDX-License-Identifier: Apache-2.0
# Small data files as strings in the program, so that it has them wherever it is run and whatever --data names.
set(rows "")
foreach(folder data/over_suppression configs/refusals)
  get_filename_component(name ${folder} NAME)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.json ${CMAKE_SOURCE_DIR}/${folder}/*.jsonl)
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(base ${file} NAME)
    file(READ ${file} text)
    string(APPEND rows "    {\"${name}/${base}\", R\"built_in(${text})built_in\"},\n")
  endforeach()
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/built_in_files.cpp CONTENT "#include \"eval/built_in_file.h\"

namespace xlt {

const BuiltInFile kBuiltInFiles[] = {
${rows}};
const size_t kNumBuiltInFiles = sizeof kBuiltInFiles / sizeof kBuiltInFiles[0];

}  // namespace xlt
")
target_sources(xlt_eval PRIVATE ${CMAKE_BINARY_DIR}/generated/built_in_files.cpp)
