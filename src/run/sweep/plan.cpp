// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/plan.h"

#include "run/sweep/contents.h"
#include "run/sweep/estimate.h"
#include "run/sweep/grid_checks.h"
#include "run/sweep/shares.h"
#include "run/train_run_options.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "xlt/base/file.h"
#include "xlt/eval/planned_cells.h"
#include "xlt/lm/quantized.h"
#include "xlt/run/inference.h"

namespace xlt {

namespace {

constexpr size_t kIdDigits = 16, kMostCells = 50'000;

std::string id_of(const Json& what) { return sha256(dump_json(what)).substr(0, kIdDigits); }

void lay_over(Json& under, const Json& over) {
  for (const auto& [key, value] : over.items()) under[key] = value;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "{name}" in an option is the model's name, for files that each model has its own of.
Json with_name(const Json& value, const std::string& name) {
  constexpr std::string_view kPlace = "{name}";
  if (value.is_structured()) {
    Json result = value;
    for (Json& inner : result) inner = with_name(inner, name);
    return result;
  }
  if (!value.is_string()) return value;
  std::string text = value.get<std::string>();
  for (size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at + name.size()))
    text.replace(at, kPlace.size(), name);
  return text;
}

// What all seeds of one recipe on one model share: a training, but for its seed, and its evaluations, but for
// the training.
struct Training {
  SweepCell cell;
  Json options;  // what its id is made of
  bool has_own_seed = false;
};
struct Evaluation {
  SweepCell cell;
  Json named;  // what its id is made of
};

class Planner {
 public:
  Planner(const Grid& grid, const SweepTools& tools, const Context& context)
      : grid_(grid), tools_(tools), context_(context), estimator_(grid.machine) {}

  SweepPlan plan() {
    for (const GridModel& model : grid_.models) {
      context_.throw_if_interrupted();
      add_arm(model, nullptr, std::nullopt, {}, evaluations_of(model, nullptr));
      for (const GridRecipe& recipe : grid_.recipes)
        if (!model.recipes || is_among(*model.recipes, recipe.name)) add_arms(model, recipe);
    }
    check_names(grid_, measured_);
    // What others wait for comes first.
    std::stable_partition(plan_.cells.begin(), plan_.cells.end(),
                          [](const SweepCell& cell) { return cell.kind == "train"; });
    plan_.compare = grid_.compare;
    plan_.lease_seconds = grid_.lease_seconds;
    plan_.grid_hash = sha256_of_file(grid_.file);
    plan_.machine = estimator_.machine();
    return std::move(plan_);
  }

 private:
  void add_arms(const GridModel& model, const GridRecipe& recipe) {
    const Training training = training_of(model, recipe);
    std::vector<Evaluation> evaluations = evaluations_of(model, &recipe);
    for (Evaluation& one : evaluations) one.cell.makes_adapter = training.cell.makes_adapter;
    for (const int64_t seed : grid_.seeds) {
      context_.throw_if_interrupted();
      add_arm(model, &recipe, seed, train_cell(training, seed), evaluations);
    }
  }

  void add_arm(const GridModel& model, const GridRecipe* recipe, std::optional<int64_t> seed,
               const std::string& trained, const std::vector<Evaluation>& evaluations) {
    SweepArm arm{model.name, recipe ? recipe->name : "", seed, {}};
    for (const Evaluation& one : evaluations) {
      SweepCell cell = one.cell;
      cell.seed = seed;
      if (!trained.empty()) cell.needs = {trained};
      Json named = one.named;
      named["trained"] = trained;
      cell.id = id_of(named);
      arm.evals[free_part(arm, cell.part)] = cell.id;
      add(std::move(cell));
    }
    plan_.arms.push_back(std::move(arm));
  }

  // Unless it is there: the same options and contents under another name.
  void add(SweepCell cell) {
    if (!ids_.insert(cell.id).second) return;
    if (plan_.cells.size() == kMostCells)
      throw Error(ErrorKind::kConfig,
                  str_cat("these are more than ", kMostCells,
                          " cells, each a folder; give fewer seeds or recipes, or part them among sweeps"),
                  grid_.file);
    plan_.cells.push_back(std::move(cell));
  }

  Training training_of(const GridModel& model, const GridRecipe& recipe) {
    Json config = with_name(recipe.train, model.name);
    config["seed"] = grid_.seeds.front();
    lay_over(config, model.train);
    config["model"] = model.model;
    const std::string where = str_cat(grid_.file, ": recipe ", recipe.name, " on model ", model.name);
    const ResolvedConfig options = resolve_config(tools_, "train", config, where, /*is_whole=*/true);
    check_given(options.resolved, where);
    Training training{{.kind = "train", .model = model.name, .recipe = recipe.name, .part = "train"},
                      contents_.of_options("train", options.resolved),
                      model.train.contains("seed")};
    training.cell.config = config;
    training.cell.makes_adapter = trains_adapter(train_options(options.resolved));
    training.cell.estimate = estimator_.train(options.resolved);
    return training;
  }

  // → its id
  std::string train_cell(const Training& training, int64_t seed) {
    SweepCell cell = training.cell;
    Json options = training.options;
    if (!training.has_own_seed) cell.config["seed"] = options["seed"] = seed;
    cell.seed = seed;
    std::string id = cell.id = id_of({{"kind", "train"}, {"options", std::move(options)}});
    add(std::move(cell));
    return id;
  }

  static void check_given(const Json& resolved, const std::string& where) {
    for (const char* key : {"method", "data"})
      if (resolved.value(key, "").empty())
        throw Error(ErrorKind::kConfig, str_cat("\"", key, "\" is missing in \"train\""), where);
  }

  std::vector<Evaluation> evaluations_of(const GridModel& model, const GridRecipe* recipe) {
    std::vector<Evaluation> all;
    for (size_t i = 0; i < grid_.evals.size(); ++i) add_evaluations(model, recipe, i, all);
    return all;
  }

  void add_evaluations(const GridModel& model, const GridRecipe* recipe, size_t index,
                       std::vector<Evaluation>& all) {
    Json config = with_name(grid_.evals[index], model.name);
    lay_over(config, model.eval);
    config["model"] = model.model;
    const std::string where = str_cat(grid_.file, ": eval of model ", model.name);
    const Json resolved = resolve_config(tools_, "eval", config, where).resolved;
    at_place(where, [&] { check_quantize(resolved.value("quantize", "none"), model.model); });
    std::vector<PlannedCell> cells = at_place(where, [&] { return planned_cells(eval_options(resolved)); });
    measured_.add(cells);
    const size_t asked = cells.size();
    std::erase_if(cells, [&](const PlannedCell& cell) {
      return is_among(model.without_benchmarks, cell.benchmark) ||
             (recipe && recipe->benchmarks && !is_among(*recipe->benchmarks, cell.benchmark));
    });
    const std::string whole = grid_.evals.size() == 1 ? "eval" : str_cat("eval-", index + 1);
    for (Share& share : shares_of(cells, config, grid_.split, cells.size() == asked, whole)) {
      Evaluation one{{.kind = "eval", .model = model.name, .recipe = recipe ? recipe->name : ""}, {}};
      one.cell.part = share.part;
      one.cell.config = config;
      lay_over(one.cell.config, share.options);
      one.named = names_of(resolved, share);
      one.cell.estimate = estimator_.eval(resolved, share.cells);
      all.push_back(std::move(one));
    }
  }

  // Two evaluations of one arm may share a benchmark's name (other languages, other limits).
  static std::string free_part(const SweepArm& arm, const std::string& part) {
    std::string name = part;
    for (int i = 2; arm.evals.contains(name); ++i) name = str_cat(part, "-", i);
    return name;
  }

  Json names_of(Json resolved, const Share& share) {
    for (const char* key : {"data", "benchmarks", "langs"}) resolved.erase(key);
    Json reads = Json::array();
    for (const PlannedCell& cell : share.cells) {
      Json files = Json::array(), others = Json::array();
      for (const fs::path& file : cell.files) files.push_back(contents_.of_file(file));
      for (const fs::path& file : cell.others) others.push_back(named_content(file));
      // A described benchmark is what its file says.
      const std::string request = cell.request == cell.benchmark ? "" : contents_.of_text(cell.request);
      reads.push_back({cell.benchmark, cell.version, request, cell.language, files, others});
    }
    return {{"kind", "eval"}, {"options", contents_.of_options("eval", resolved)}, {"reads", reads}};
  }

  // Of files that are told apart by what they are called ("toxic_words/fr.txt"), wherever that lies.
  std::string named_content(const fs::path& file) {
    const fs::path name = file.parent_path().filename() / file.filename();
    return sha256(name.generic_string() + "\n" + contents_.of_file(file));
  }

  const Grid& grid_;
  const SweepTools& tools_;
  const Context& context_;
  Contents contents_;
  Estimator estimator_;
  Measured measured_;
  std::unordered_set<std::string> ids_;
  SweepPlan plan_;
};

}  // namespace

std::string name_of(const SweepArm& arm) {
  return arm.recipe.empty() ? "base" : str_cat(arm.recipe, "-", *arm.seed);
}

const SweepCell& SweepPlan::find(const std::string& id) const {
  const SweepCell* found = nullptr;
  for (const SweepCell& cell : cells) {
    if (id.empty() || !cell.id.starts_with(id)) continue;
    if (found) throw Error(ErrorKind::kUsage, "more than one cell's id begins so", "--cell " + id);
    found = &cell;
  }
  if (!found)
    throw Error(ErrorKind::kUsage, "no cell of this sweep has this id; --dry-run lists them", "--cell " + id);
  return *found;
}

SweepPlan make_sweep_plan(const Grid& grid, const SweepTools& tools, const Context& context) {
  return Planner(grid, tools, context).plan();
}

}  // namespace xlt
