# SPDX-License-Identifier: Apache-2.0
# configs/mbbq/*.json as strings in the program, so that it finds them wherever it is run.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/configs/mbbq/*.json)
set(rows "")
foreach(file ${files})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  get_filename_component(language ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "    {\"${language}\", R\"phrases(${text})phrases\"},\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/mbbq_phrases.cpp CONTENT "#include \"eval/mbbq/phrases.h\"

namespace xlt {

const BuiltInPhrases kBuiltInMbbqPhrases[] = {
${rows}};
const size_t kNumBuiltInMbbqPhrases = sizeof kBuiltInMbbqPhrases / sizeof kBuiltInMbbqPhrases[0];

}  // namespace xlt
")
target_sources(xlt_eval PRIVATE ${CMAKE_BINARY_DIR}/generated/mbbq_phrases.cpp)
