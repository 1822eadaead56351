# SPDX-License-Identifier: Apache-2.0
# configs/recipes/*.json in the program.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/configs/recipes/*.json)
set(rows "")
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  xlt_built_in_row(rows ${name} ${file} recipe)
endforeach()
xlt_built_in(run recipes run/built_in_recipes.h BuiltInRecipe kBuiltInRecipes kNumBuiltInRecipes "${rows}")
