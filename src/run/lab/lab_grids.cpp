// SPDX-License-Identifier: Apache-2.0
#include "run/lab/lab_grids.h"

#include "run/lab/lab_checks.h"
#include "run/lab/lab_folder.h"

#include <functional>
#include <string_view>

#include "xlt/base/file.h"

namespace xlt {

namespace {

// Of every world, as a sweep's options say it.
std::string each_world(const fs::path& folder) { return (folder / "worlds" / "{name}").string(); }

// With "{world}" replaced, wherever it stands.
Json in_world(const Json& value, const std::string& world) {
  if (value.is_structured()) {
    Json result = value;
    for (Json& inner : result) inner = in_world(inner, world);
    return result;
  }
  if (!value.is_string()) return value;
  constexpr std::string_view kPlace = "{world}";
  std::string text = value.get<std::string>();
  for (size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at + world.size()))
    text.replace(at, kPlace.size(), world);
  return text;
}

Json models_of_worlds(const LabDesign& design, const std::function<Json(int64_t)>& more) {
  Json models = Json::array();
  for (const int64_t seed : design.seeds) {
    Json model = {{"name", name_of_world(seed)}, {"seed", seed}};
    model.update(more(seed));
    models.push_back(std::move(model));
  }
  return models;
}

Json eval_of_worlds(const LabDesign& design, const std::string& world) {
  Json eval = in_world(design.eval, world);
  if (!eval.contains("benchmarks")) eval["benchmarks"] = lab_benchmarks();
  if (!eval.contains("scorer"))
    eval["scorer"] = {"oracle:" + world + "/world.json#toxic", "word_list:" + world + "/data/toxic_words"};
  eval["data"] = world + "/data";
  eval["langs"] = design.tags();
  eval["lid"] = world + "/world.json";
  return eval;
}

}  // namespace

// Trained from nothing, a model has a name and a seed.
Json pretraining_grid(const LabDesign& design, const fs::path& folder) {
  const std::string world = each_world(folder);
  Json train = design.pretraining;
  train["method"] = "sft";
  train["model_config"] = (folder / "model.json").string();
  train["tokenizer"] = world + "/tokenizer";
  train["data"] = world + "/corpus.jsonl";
  return {{"models", models_of_worlds(design,
                                      [](int64_t) {
                                        return Json{{"model", ""}};
                                      })},
          {"recipes", {{{"name", "pretraining"}, {"train", train}}}},
          {"seeds", {0}},
          {"lease_seconds", design.lease_seconds}};
}

Json finetuning_grid(const LabDesign& design, const fs::path& folder) {
  const std::string world = each_world(folder);
  Json recipes = design.recipes, compare = design.compare;
  for (Json& recipe : recipes) recipe["train"] = in_world(recipe.at("train"), world);
  compare["source"] = design.languages.front().tag;
  // A recipe that trains all weights leaves another model; both sides of a world's come from its one.
  if (!compare.contains("allow")) compare["allow"] = {"model"};
  const auto model = [&](int64_t seed) {
    return Json{{"model", (world_folder(folder, seed) / "model").string()}};
  };
  return {{"models", models_of_worlds(design, model)},
          {"recipes", recipes},
          {"seeds", {0}},
          {"eval", eval_of_worlds(design, world)},
          {"compare", compare},
          {"lease_seconds", design.lease_seconds}};
}

}  // namespace xlt
