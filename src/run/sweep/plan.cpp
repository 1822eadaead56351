// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/plan.h"

#include "run/sweep/contents.h"
#include "run/sweep/estimate.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "xlt/base/file.h"
#include "xlt/eval/planned_cells.h"
#include "xlt/run/inference.h"

namespace xlt {

namespace {

constexpr size_t kIdDigits = 16;

std::string id_of(const Json& what) { return sha256(dump_json(what)).substr(0, kIdDigits); }

void lay_over(Json& under, const Json& over) {
  for (const auto& [key, value] : over.items()) under[key] = value;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

EvalOptions eval_options(const Json& resolved) {
  EvalOptions options;
  Json own = Json::object();
  for (const OptionDescription& option : describe_options(visit_of(options)))
    if (resolved.contains(option.name)) own[option.name] = resolved.at(option.name);
  read_options(visit_of(options), own, "eval");
  options.output = "output";  // each cell has its own
  return options;
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

// A share of an evaluation: the options that ask for it, and what it reads.
struct Share {
  std::string part;
  Json options;  // benchmarks, langs
  std::vector<PlannedCell> cells;
};

std::vector<Share> shares_of(const std::vector<PlannedCell>& cells, const Json& given, EvalSplit split,
                             bool all_benchmarks, const std::string& whole) {
  std::vector<Share> shares;
  for (const PlannedCell& cell : cells) {
    const std::string part = split == EvalSplit::kNone        ? whole
                             : split == EvalSplit::kBenchmark ? cell.benchmark
                                                              : cell.benchmark + "/" + cell.language;
    auto found =
        std::find_if(shares.begin(), shares.end(), [&](const Share& one) { return one.part == part; });
    if (found == shares.end()) found = shares.insert(shares.end(), Share{part, Json::object(), {}});
    found->cells.push_back(cell);
  }
  for (Share& share : shares) {
    std::vector<std::string> requests;
    for (const PlannedCell& cell : share.cells)
      if (!is_among(requests, cell.request)) requests.push_back(cell.request);
    if (split != EvalSplit::kNone || !all_benchmarks) share.options["benchmarks"] = requests;
    if (split == EvalSplit::kLanguage)
      share.options["langs"] = Json::array({share.cells[0].language});
    else if (given.contains("langs"))
      share.options["langs"] = given.at("langs");
  }
  return shares;
}

class Planner {
 public:
  Planner(const Grid& grid, const SweepTools& tools, const Context& context)
      : grid_(grid), tools_(tools), context_(context), estimator_(grid.machine) {}

  SweepPlan plan() {
    for (const GridModel& model : grid_.models) {
      context_.throw_if_interrupted();
      add_arm(model, nullptr, std::nullopt);
      for (const GridRecipe& recipe : grid_.recipes)
        if (!model.recipes || is_among(*model.recipes, recipe.name))
          for (const int64_t seed : grid_.seeds) add_arm(model, &recipe, seed);
    }
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
  void add_arm(const GridModel& model, const GridRecipe* recipe, std::optional<int64_t> seed) {
    SweepArm arm{model.name, recipe ? recipe->name : "", seed, {}};
    const SweepCell* trained = recipe ? &train_cell(model, *recipe, *seed) : nullptr;
    const std::string id = trained ? trained->id : "";
    const bool is_adapter = trained && trained->makes_adapter;
    for (size_t i = 0; i < grid_.evals.size(); ++i) add_evals(model, recipe, i, id, is_adapter, arm);
    plan_.arms.push_back(std::move(arm));
  }

  SweepCell& add(SweepCell cell) {
    const auto found = std::find_if(plan_.cells.begin(), plan_.cells.end(),
                                    [&](const SweepCell& other) { return other.id == cell.id; });
    if (found != plan_.cells.end()) return *found;
    return plan_.cells.emplace_back(std::move(cell));
  }

  SweepCell& train_cell(const GridModel& model, const GridRecipe& recipe, int64_t seed) {
    Json config = with_name(recipe.train, model.name);
    config["seed"] = seed;
    lay_over(config, model.train);
    config["model"] = model.model;
    const std::string where = str_cat(grid_.file, ": recipe ", recipe.name, " on model ", model.name);
    const ResolvedConfig options = resolve_config(tools_, "train", config, where);
    check_given(options.resolved, where);
    SweepCell cell{
        .kind = "train", .model = model.name, .recipe = recipe.name, .seed = seed, .part = "train"};
    cell.config = config;
    cell.id = id_of({{"kind", "train"}, {"options", contents_.of_options(options.resolved)}});
    cell.makes_adapter = options.resolved.value("adapter", "auto") != "none";
    cell.estimate = estimator_.train(options.resolved);
    return add(std::move(cell));
  }

  static void check_given(const Json& resolved, const std::string& where) {
    for (const char* key : {"method", "data"})
      if (resolved.value(key, "").empty())
        throw Error(ErrorKind::kConfig, str_cat("\"", key, "\" is missing in \"train\""), where);
  }

  void add_evals(const GridModel& model, const GridRecipe* recipe, size_t index, const std::string& trained,
                 bool is_adapter, SweepArm& arm) {
    Json config = with_name(grid_.evals[index], model.name);
    lay_over(config, model.eval);
    config["model"] = model.model;
    const std::string where = str_cat(grid_.file, ": eval of model ", model.name);
    const Json resolved = resolve_config(tools_, "eval", config, where).resolved;
    std::vector<PlannedCell> cells = planned_cells(eval_options(resolved));
    const size_t all = cells.size();
    std::erase_if(cells, [&](const PlannedCell& cell) {
      return is_among(model.without_benchmarks, cell.benchmark) ||
             (recipe && recipe->benchmarks && !is_among(*recipe->benchmarks, cell.benchmark));
    });
    const std::string whole = grid_.evals.size() == 1 ? "eval" : str_cat("eval-", index + 1);
    for (Share& share : shares_of(cells, config, grid_.split, cells.size() == all, whole)) {
      SweepCell cell{.kind = "eval", .model = model.name, .recipe = arm.recipe, .seed = arm.seed};
      cell.part = share.part;
      cell.config = config;
      lay_over(cell.config, share.options);
      if (!trained.empty()) cell.needs = {trained};
      cell.makes_adapter = is_adapter;
      cell.id = eval_id(resolved, share, trained);
      cell.estimate = estimator_.eval(resolved, share.cells);
      const std::string part = free_part(arm, share.part);
      arm.evals[part] = add(std::move(cell)).id;
    }
  }

  // Two evaluations of one arm may share a benchmark's name (other languages, other limits).
  static std::string free_part(const SweepArm& arm, const std::string& part) {
    std::string name = part;
    for (int i = 2; arm.evals.contains(name); ++i) name = str_cat(part, "-", i);
    return name;
  }

  std::string eval_id(Json resolved, const Share& share, const std::string& trained) {
    for (const char* key : {"data", "benchmarks", "langs"}) resolved.erase(key);
    Json reads = Json::array();
    for (const PlannedCell& cell : share.cells) {
      Json files = Json::array();
      for (const fs::path& file : cell.files) files.push_back(contents_.of_file(file));
      // A described benchmark is what its file says.
      const std::string request = cell.request == cell.benchmark ? "" : contents_.of_text(cell.request);
      reads.push_back({cell.benchmark, cell.version, request, cell.language, files});
    }
    return id_of({{"kind", "eval"},
                  {"options", contents_.of_options(resolved)},
                  {"reads", reads},
                  {"trained", trained}});
  }

  const Grid& grid_;
  const SweepTools& tools_;
  const Context& context_;
  Contents contents_;
  Estimator estimator_;
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
