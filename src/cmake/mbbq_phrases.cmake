# SPDX-License-Identifier: Apache-2.0
# configs/mbbq/*.json in the program.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/configs/mbbq/*.json)
set(rows "")
foreach(file ${files})
  get_filename_component(language ${file} NAME_WE)
  xlt_built_in_row(rows ${language} ${file} phrases)
endforeach()
xlt_built_in(eval mbbq_phrases eval/mbbq/phrases.h BuiltInPhrases kBuiltInMbbqPhrases kNumBuiltInMbbqPhrases "${rows}")
