// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/grid.h"

#include "run/known_keys.h"
#include "run/sweep/grid_checks.h"

#include <algorithm>
#include <set>

#include "xlt/base/registry.h"
#include "xlt/findings/compare.h"

namespace xlt {

namespace {

// Names become names of folders and of arms.
std::string checked_name(const JsonView& view, std::set<std::string>& taken) {
  const std::string name = view.as_string();
  const bool is_plain = !name.empty() && name[0] != '.' && name[0] != '-' &&
                        std::all_of(name.begin(), name.end(), [](unsigned char c) {
                          return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                        });
  if (!is_plain) view.fail("must be made of letters, digits and . _ - and begin with a letter or digit");
  if (!taken.insert(name).second) view.fail("\"" + name + "\" is here twice");
  return name;
}

std::optional<std::vector<std::string>> names_at(const JsonView& object, const char* key) {
  if (!object.has(key)) return std::nullopt;
  return object.at(key).as_strings();
}

// Of an option and of the section it may stand in.
std::vector<std::string> option_names(const SweepTools& tools, const std::string& command) {
  const CommandOptions options = tools.options_of(command);
  std::vector<std::string> names;
  for (const OptionGroup& group : options.groups)
    if (!group.id.empty()) names.push_back(group.id);
  for (const OptionDescription& option : describe_options(visit_all(options.groups)))
    names.push_back(option.name);
  return names;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void fail_unknown_option(const JsonView& view, const std::string& key,
                                      const std::vector<std::vector<std::string>>& known) {
  std::vector<std::string> all;
  for (const auto& names : known) all.insert(all.end(), names.begin(), names.end());
  const std::string near = nearest_name(key, all);
  view.fail(str_cat("\"", key, "\" is an option neither of `xlt train` nor of `xlt eval`",
                    near.empty() ? "" : str_cat("; did you mean \"", near, "\"?")));
}

// Options that a cell sets by itself.
void refuse(const JsonView& object, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (object.has(key)) object.fail("\"" + key + "\" is set by the sweep; leave it out");
}

// Nothing would be measured, where all was meant.
void refuse_empty(const JsonView& object, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (object.has(key) && object.at(key).value().empty())
      object.at(key).fail("is empty; name some, or leave \"" + key + "\" out");
}

// Also out of sections. `set_elsewhere`: what a cell sets besides.
Json given_options(const SweepTools& tools, const std::string& command, const JsonView& object,
                   const std::vector<std::string>& set_elsewhere = {}) {
  Json given = resolve_config(tools, command, object.value(), object.place()).given;
  const JsonView view(given, object.place(), ErrorKind::kConfig);
  refuse(view, {"model", "output", "resume", "dry_run"});
  refuse(view, set_elsewhere);
  refuse_empty(view, {"benchmarks", "langs"});
  return given;
}

GridModel read_model(const JsonView& view, const SweepTools& tools, std::set<std::string>& taken) {
  GridModel model;
  model.name = checked_name(view.at("name"), taken);
  model.model = view.at("model").as_string();
  Json train = Json::object(), eval = Json::object();
  if (view.has("train")) train = view.at("train").value();
  if (view.has("eval")) eval = view.at("eval").value();
  const std::vector<std::string> own{"name", "model", "train", "eval", "recipes", "without_benchmarks"};
  const std::vector<std::string> of_train = option_names(tools, "train"),
                                 of_eval = option_names(tools, "eval");
  for (const std::string& key : view.keys()) {
    if (holds(own, key)) continue;
    if (!holds(of_train, key) && !holds(of_eval, key))
      fail_unknown_option(view, key, {own, of_train, of_eval});
    if (holds(of_train, key)) train[key] = view.at(key).value();
    // To `xlt eval` an adapter is a folder, which the sweep gives.
    if (holds(of_eval, key) && key != "adapter") eval[key] = view.at(key).value();
  }
  model.train = given_options(tools, "train", JsonView(train, view.place(), ErrorKind::kConfig));
  model.eval = given_options(tools, "eval", JsonView(eval, view.place(), ErrorKind::kConfig),
                             {"adapter", "completions"});
  model.recipes = names_at(view, "recipes");
  if (view.has("without_benchmarks")) model.without_benchmarks = view.at("without_benchmarks").as_strings();
  return model;
}

GridRecipe read_recipe(const JsonView& view, const SweepTools& tools, std::set<std::string>& taken) {
  check_known_keys(view, {"name", "train", "benchmarks"});
  refuse_empty(view, {"benchmarks"});
  return {checked_name(view.at("name"), taken), given_options(tools, "train", view.at("train"), {"seed"}),
          names_at(view, "benchmarks")};
}

EvalSplit read_split(const JsonView& view) {
  const std::string name = view.get("split", "none");
  if (name == "none") return EvalSplit::kNone;
  if (name == "benchmark") return EvalSplit::kBenchmark;
  if (name == "language") return EvalSplit::kLanguage;
  view.at("split").fail(unknown_name_message("split", name, {"none", "benchmark", "language"}));
}

SlurmOptions read_slurm(const JsonView& view) {
  check_known_keys(view, {"sbatch", "setup", "throttle"});
  SlurmOptions slurm;
  if (view.has("sbatch")) {
    view.at("sbatch").keys();
    slurm.sbatch = view.at("sbatch").value();
  }
  if (view.has("setup")) slurm.setup = view.at("setup").as_strings();
  slurm.throttle = view.get("throttle", 0);
  if (slurm.throttle < 0) view.at("throttle").fail("must be 0 (no limit) or more");
  return slurm;
}

MachineRates read_machine(const JsonView& view) {
  check_known_keys(view, {"name", "tflops", "tb_per_s", "efficiency"});
  MachineRates rates{view.get("tflops", 0.0), view.get("tb_per_s", 0.0), view.get("efficiency", 1.0)};
  if (rates.tflops < 0 || rates.tb_per_s < 0 || rates.efficiency <= 0) view.fail("rates must be above 0");
  return rates;
}

void read_seeds(const JsonView& view, Grid& grid) {
  grid.seeds = view.has("seeds") ? view.at("seeds").as_ints() : std::vector<int64_t>{42};
  if (std::set<int64_t>(grid.seeds.begin(), grid.seeds.end()).size() != grid.seeds.size())
    view.at("seeds").fail("a seed is here twice");
  if (grid.seeds.empty() && !grid.recipes.empty()) view.at("seeds").fail("names no seed");
}

void read_evals(const JsonView& view, const SweepTools& tools, Grid& grid) {
  if (!view.has("eval")) return;
  const JsonView eval = view.at("eval");
  refuse_empty(view, {"eval"});
  const auto add = [&](const JsonView& one) {
    grid.evals.push_back(given_options(tools, "eval", one, {"adapter", "completions"}));
  };
  if (!eval.value().is_array()) return add(eval);
  for (size_t i = 0; i < eval.size(); ++i) add(eval.at(i));
}

// Everything that may be left out.
void read_rest(const JsonView& view, Grid& grid) {
  grid.split = read_split(view);
  grid.lease_seconds = view.get("lease_seconds", 60.0);
  if (!(grid.lease_seconds >= 1)) view.at("lease_seconds").fail("must be at least 1");
  if (view.has("slurm")) grid.slurm = read_slurm(view.at("slurm"));
  if (view.has("machine")) grid.machine = read_machine(view.at("machine"));
  if (!view.has("compare")) return;
  grid.compare = view.at("compare").value();
  refuse(view.at("compare"), {"arms", "output"});
  CompareOptions options;
  read_options(visit_of(options), grid.compare, view.at("compare").place());
}

void check_recipe_names(const Grid& grid, const JsonView& models) {
  std::vector<std::string> known;
  for (const GridRecipe& recipe : grid.recipes) known.push_back(recipe.name);
  for (size_t i = 0; i < grid.models.size(); ++i)
    for (const std::string& name : grid.models[i].recipes.value_or(std::vector<std::string>{}))
      if (std::find(known.begin(), known.end(), name) == known.end())
        models.at(i).at("recipes").fail(unknown_name_message("recipe", name, known));
}

}  // namespace

ResolvedConfig resolve_config(const SweepTools& tools, const std::string& command, const Json& config,
                              const std::string& where, bool is_whole) {
  const CommandOptions options = tools.options_of(command);
  read_config(config, where, command, options.groups);
  if (options.read_recipe && options.read_recipe()) read_config(config, where, command, options.groups);
  ResolvedConfig result{Json::object(), Json::object()};
  const Json values = dump_options(visit_all(options.groups));
  const auto is_section = [&](const std::string& key) {
    return std::any_of(options.groups.begin(), options.groups.end(),
                       [&](const OptionGroup& group) { return group.id == key; });
  };
  for (const auto& [key, value] : config.items()) {
    if (value.is_object() && is_section(key))
      for (const auto& [name, inner] : value.items()) result.given[name] = values.at(name);
    else if (key != "command")
      result.given[key] = values.at(key);
  }
  if (tools.resolve_names) tools.resolve_names(visit_all(options.groups));
  if (is_whole && options.check) at_place(where, options.check);
  result.resolved = dump_options(visit_all(options.groups));
  return result;
}

Grid read_grid(const std::string& file, const SweepTools& tools) {
  const Json json = load_json(file, ErrorKind::kConfig, /*allow_comments=*/true);
  const JsonView view(json, file, ErrorKind::kConfig);
  check_known_keys(view, {"command", "models", "recipes", "seeds", "eval", "split", "compare",
                          "lease_seconds", "slurm", "machine"});
  if (view.get("command", "sweep") != "sweep") view.at("command").fail("is no config of `xlt sweep`");
  Grid grid;
  grid.file = file;
  std::set<std::string> models, recipes{"base"};  // the untouched model's name among the arms
  const JsonView all = view.at("models");
  for (size_t i = 0; i < all.size(); ++i) grid.models.push_back(read_model(all.at(i), tools, models));
  if (grid.models.empty()) all.fail("names no model");
  if (view.has("recipes"))
    for (size_t i = 0; i < view.at("recipes").size(); ++i)
      grid.recipes.push_back(read_recipe(view.at("recipes").at(i), tools, recipes));
  check_recipe_names(grid, all);
  read_seeds(view, grid);
  read_evals(view, tools, grid);
  read_rest(view, grid);
  return grid;
}

}  // namespace xlt
