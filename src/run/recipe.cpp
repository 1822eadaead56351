// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/recipe.h"

#include "run/built_in_recipes.h"

#include <algorithm>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/dataset/presets.h"
#include "xlt/run/train_run.h"
#include "xlt/run/training_checks.h"

namespace xlt {

namespace {

std::span<const BuiltInRecipe> built_in_recipes() { return {kBuiltInRecipes, kNumBuiltInRecipes}; }

Json parse_recipe(std::string_view text, const std::string& where) {
  return parse_json(text, where, ErrorKind::kConfig, /*allow_comments=*/true);
}

void check_keys(const Json& recipe, const std::string& where) {
  const std::vector<std::string> known = {"description", "options", "paper", "preset"};
  const JsonView view(recipe, where, ErrorKind::kConfig);
  view.at("options");
  for (const std::string& key : view.keys())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw Error(ErrorKind::kConfig, unknown_name_message("part of a recipe", key, known), where);
}

Json load_recipe(const std::string& recipe) {
  std::vector<std::string> names;
  for (const BuiltInRecipe& one : built_in_recipes()) {
    if (recipe == one.name) return parse_recipe(one.text, "recipe " + recipe);
    names.emplace_back(one.name);
  }
  if (!is_recipe_file(recipe)) throw_unknown_name("recipe", recipe, names);
  Json loaded = load_json(recipe, ErrorKind::kConfig, /*allow_comments=*/true);
  check_keys(loaded, recipe);
  return loaded;
}

// Sections laid flat, so that a part in one form replaces another in the other.
void lay_flat_over(Json& options, const Json& more) {
  for (const auto& [key, value] : more.items())
    if (value.is_object())
      lay_flat_over(options, value);
    else
      options[key] = value;
}

bool has_rows_to_evaluate(const TrainRunOptions& options, const Json& recipe_options) {
  return !options.eval_data.empty() || options.trainer.eval_split > 0 ||
         recipe_options.contains("eval_split");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> recipes() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const BuiltInRecipe& one : built_in_recipes())
    all.emplace_back(one.name, parse_recipe(one.text, one.name).at("description").get<std::string>());
  return all;
}

bool is_recipe_file(const std::string& recipe) {
  for (const BuiltInRecipe& one : built_in_recipes())
    if (recipe == one.name) return false;
  return recipe.find_first_of("./\\") != std::string::npos || fs::is_regular_file(recipe);
}

void read_recipe(const TrainRunOptions& options, const std::vector<OptionGroup>& groups) {
  if (options.recipe.empty()) return;
  const Json recipe = load_recipe(options.recipe);
  Json chosen = Json::object();
  lay_flat_over(chosen, recipe.at("options"));
  if (options.recipe_mode == "paper" && recipe.contains("paper")) lay_flat_over(chosen, recipe.at("paper"));
  if (!options.eval_data.empty()) chosen.erase("eval_split");
  if (!has_rows_to_evaluate(options, chosen))
    for (const char* key : {"eval_steps", "early_stopping_patience", "skip_final_eval"}) chosen.erase(key);
  read_config(chosen, "recipe " + options.recipe, "train", groups);
}

std::string recipe_data(const std::string& recipe, const std::string& data) {
  if (recipe.empty() || data.empty()) return data;
  const Json loaded = load_recipe(recipe);
  return loaded.contains("preset") ? with_preset(data, loaded.at("preset").get<std::string>()) : data;
}

void refuse_recipe_without_data(const std::string& recipe) {
  if (recipe.empty()) return;
  const Json loaded = load_recipe(recipe);
  const std::string wanted = loaded.contains("preset")
                                 ? "expects " + preset_files(loaded.at("preset").get<std::string>())
                                 : std::string("names no published data");
  throw Error(ErrorKind::kUsage,
              str_cat("needs its data, and nothing is downloaded: it ", wanted,
                      ". Rows in the fields that `xlt train --help` names are read too. Give --data FILE"),
              "recipe " + recipe);
}

}  // namespace xlt
