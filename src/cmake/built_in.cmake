# SPDX-License-Identifier: Apache-2.0
# xlt_built_in(MODULE SOURCE HEADER TYPE TABLE NUMBER ROWS): small files as strings in the program, so that it finds them wherever
# it is run. ROWS are of xlt_built_in_row.
function(xlt_built_in module source header type table number rows)
  set(path ${CMAKE_BINARY_DIR}/generated/${source}.cpp)
  file(GENERATE OUTPUT ${path} CONTENT "#include \"${header}\"

namespace xlt {

const ${type} ${table}[] = {
${rows}};
const size_t ${number} = sizeof ${table} / sizeof ${table}[0];

}  // namespace xlt
")
  target_sources(xlt_${module} PRIVATE ${path})
endfunction()

# Appends {NAME, text of FILE} to the variable TO. DELIMITER: of the raw string, a word that no file holds behind a ")".
function(xlt_built_in_row to name file delimiter)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(${to} "${${to}}    {\"${name}\", R\"${delimiter}(${text})${delimiter}\"},\n" PARENT_SCOPE)
endfunction()
