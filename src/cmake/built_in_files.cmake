# SPDX-License-Identifier: Apache-2.0
# Data that over_suppression has in the program, whatever --data names.
set(rows "")
foreach(folder data/over_suppression configs/refusals)
  get_filename_component(name ${folder} NAME)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.json ${CMAKE_SOURCE_DIR}/${folder}/*.jsonl)
  foreach(file ${files})
    get_filename_component(base ${file} NAME)
    xlt_built_in_row(rows ${name}/${base} ${file} built_in)
  endforeach()
endforeach()
xlt_built_in(eval built_in_files eval/built_in_file.h BuiltInFile kBuiltInFiles kNumBuiltInFiles "${rows}")
