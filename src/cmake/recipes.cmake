# SPDX-License-Identifier: Apache-2.0
# configs/recipes/*.json as strings in the program, so that it finds them wherever it is run.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/configs/recipes/*.json)
set(rows "")
foreach(file ${files})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"recipe(${text})recipe\"},\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/recipes.cpp CONTENT "#include \"run/built_in_recipes.h\"

namespace xlt {

const BuiltInRecipe kBuiltInRecipes[] = {
${rows}};
const size_t kNumBuiltInRecipes = sizeof kBuiltInRecipes / sizeof kBuiltInRecipes[0];

}  // namespace xlt
")
target_sources(xlt_run PRIVATE ${CMAKE_BINARY_DIR}/generated/recipes.cpp)
