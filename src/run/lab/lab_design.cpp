// SPDX-License-Identifier: Apache-2.0
#include "run/lab/lab_design.h"

#include "run/known_keys.h"
#include "run/sweep/grid.h"

#include <algorithm>
#include <set>

#include "xlt/base/registry.h"

namespace xlt {

namespace {

constexpr size_t kMostLanguages = 1000, kMostWorlds = 10'000;

template <typename Options>
void read_section(const JsonView& view, const char* key, Options& options) {
  if (view.has(key)) read_options(visit_of(options), view.at(key).value(), view.at(key).place());
}

// One entry for each combination of the values under "cross", the last key's values changing fastest.
std::vector<Json> crossed(const JsonView& entry) {
  Json rest = entry.value();
  rest.erase("cross");
  std::vector<Json> entries{rest};
  if (!entry.has("cross")) return entries;
  const JsonView cross = entry.at("cross");
  if (cross.keys().empty()) cross.fail("names no dial; give each its values, or leave \"cross\" out");
  for (const std::string& key : cross.keys()) {
    if (cross.at(key).size() == 0) cross.at(key).fail("names no value, so there would be no language");
    std::vector<Json> more;
    if (entries.size() * cross.at(key).size() > kMostLanguages)
      cross.fail(str_cat("stands for more than ", kMostLanguages, " languages"));
    for (const Json& so_far : entries)
      for (size_t i = 0; i < cross.at(key).size(); ++i) {
        Json one = so_far;
        one[key] = cross.at(key).at(i).value();
        more.push_back(std::move(one));
      }
    entries = std::move(more);
  }
  return entries;
}

std::vector<LanguageDials> read_languages(const JsonView& list) {
  std::vector<LanguageDials> dials;
  for (size_t i = 0; i < list.size(); ++i)
    for (const Json& entry : crossed(list.at(i)))
      read_options(visit_of(dials.emplace_back()), entry, list.at(i).place());
  std::set<std::string> taken;
  for (const LanguageDials& one : dials) taken.insert(one.tag);
  std::string free = "qaa";
  for (LanguageDials& one : dials) {
    if (!one.tag.empty()) continue;
    while (taken.contains(free)) {
      // qaz is followed by qba.
      if (++free[2] > 'z') free[2] = 'a', ++free[1];
    }
    one.tag = free;
    taken.insert(free);
  }
  check_dials(dials);
  return dials;
}

Contrast read_contrast(const JsonView& view) {
  if (view.value().is_string()) return {view.as_string(), {{view.as_string(), 1}}};
  check_known_keys(view, {"name", "weights"});
  Contrast contrast{view.at("name").as_string(), {}};
  for (const std::string& term : view.at("weights").keys())
    contrast.weights[term] = view.at("weights").at(term).as_double();
  return contrast;
}

void read_analysis(const JsonView& view, LabDesign& design) {
  check_known_keys(view, {"target", "factors", "where", "terms", "contrasts", "alpha", "correction"});
  read_section(view, "target", design.target);
  if (view.get("correction", "holm") != "holm") view.at("correction").fail("only \"holm\" is known");
  FactorialPlan& plan = design.analysis;
  const JsonView factors = view.at("factors");
  for (const std::string& name : factors.keys()) {
    const JsonView levels = factors.at(name);
    if (levels.size() != 2) levels.fail("expects two levels, [low, high]");
    plan.factors.push_back({name, levels.at(0).as_double(), levels.at(1).as_double()});
  }
  if (view.has("where"))
    for (const std::string& name : view.at("where").keys())
      plan.where[name] = view.at("where").at(name).as_double();
  if (view.has("terms")) plan.terms = view.at("terms").as_strings();
  if (view.has("contrasts"))
    for (size_t i = 0; i < view.at("contrasts").size(); ++i)
      plan.contrasts.push_back(read_contrast(view.at("contrasts").at(i)));
  plan.alpha = view.get("alpha", 0.05);
  check_plan(plan, view.place());
}

void check_factors(const LabDesign& design, const JsonView& view) {
  LanguageDials dials = design.languages.front();
  const Json known = dump_options(visit_of(dials));
  std::vector<std::string> names;
  for (const Factor& factor : design.analysis.factors) names.push_back(factor.name);
  for (const auto& [name, level] : design.analysis.where) names.push_back(name);
  for (const std::string& name : names)
    if (!known.contains(name) || !known.at(name).is_number())
      view.at("analysis").fail("\"" + name + "\" is no dial that is a number");
}

Json read_model(const JsonView& view) {
  if (view.value().is_object()) return view.value();
  return load_json(view.as_string(), ErrorKind::kConfig, /*allow_comments=*/true);
}

// What the lab sets by itself, in whatever section it stands.
void refuse_own_options(const JsonView& view, const Json& given, const std::vector<std::string>& own) {
  for (const std::string& key : own)
    if (given.contains(key)) view.fail("\"" + key + "\" is set by the lab; leave it out");
}

void read_pretraining(const JsonView& view, const SweepTools& tools, LabDesign& design) {
  const ResolvedConfig options = resolve_config(tools, "train", view.value(), view.place());
  refuse_own_options(view, options.given,
                     {"model", "model_config", "tokenizer", "data", "method", "adapter", "num_epochs"});
  design.pretraining = options.given;
  // Resolved: what is not in the design is a recipe's, or the default.
  const auto number = [&](const char* key) { return options.resolved.at(key).get<int64_t>(); };
  if (number("max_steps") == 0)
    view.fail("\"max_steps\" is missing: the corpus has a document for each row of it");
  design.num_documents = number("max_steps") * number("batch_size") * number("gradient_accumulation_steps");
}

Json read_eval(const JsonView& view, const SweepTools& tools) {
  Json given = resolve_config(tools, "eval", view.value(), view.place()).given;
  refuse_own_options(view, given, {"data", "langs", "lid"});
  return given;
}

Json read_compare(const JsonView& view) {
  view.keys();
  refuse_own_options(view, view.value(), {"source"});
  return view.value();
}

void read_recipes(const JsonView& view, const SweepTools& tools, LabDesign& design) {
  for (size_t i = 0; i < view.size(); ++i) {
    check_known_keys(view.at(i), {"name", "train"});
    view.at(i).at("name").as_string();
    const JsonView train = view.at(i).at("train");
    Json recipe = view.at(i).value();
    recipe["train"] = resolve_config(tools, "train", train.value(), train.place()).given;
    design.recipes.push_back(std::move(recipe));
  }
  if (view.size() == 0) view.fail("names no recipe");
  if (design.target.arm.empty()) design.target.arm = view.at(0).at("name").as_string();
}

void read_seeds(const JsonView& view, LabDesign& design) {
  design.seeds = view.as_ints();
  if (design.seeds.empty()) view.fail("names no seed");
  if (design.seeds.size() > kMostWorlds)
    view.fail(str_cat("names ", design.seeds.size(), " worlds, more than the ", kMostWorlds,
                      " that one experiment may have"));
  if (std::set<int64_t>(design.seeds.begin(), design.seeds.end()).size() != design.seeds.size())
    view.fail("a seed is here twice");
}

}  // namespace

void LabTokenizerOptions::visit(OptionVisitor& v) {
  v.field("vocab_size", vocab_size, "tokens of the tokenizer that all languages share",
          between(300, 1000000));
  v.field("documents", documents, "documents that it is trained on", between(1, 10000000));
}

void LabTarget::visit(OptionVisitor& v) {
  v.field("benchmark", benchmark, "whose figures the analysis is about");
  v.field("metric", metric, "which of them");
  v.field("scorer", scorer, "by whose judgement; empty: of a benchmark that asks no scorer");
  v.field("scoring", scoring, "paper or corrected", one_of({"paper", "corrected"}));
  v.field("arm", arm, "after which recipe; empty: the first");
  v.field("measure", measure, "change: after less before; change_relative: as a fraction of before",
          one_of({"change", "change_relative"}));
}

std::vector<std::string> LabDesign::tags() const {
  std::vector<std::string> tags;
  for (const LanguageDials& one : languages) tags.push_back(one.tag);
  return tags;
}

LabDesign read_lab_design(const std::string& file, const SweepTools& tools) {
  const Json json = load_json(file, ErrorKind::kConfig, /*allow_comments=*/true);
  const JsonView view(json, file, ErrorKind::kConfig);
  check_known_keys(view, {"command", "grammar", "languages", "data", "tokenizer", "model", "pretraining",
                          "recipes", "eval", "compare", "seeds", "analysis", "lease_seconds"});
  if (view.get("command", "lab") != "lab") view.at("command").fail("is no config of `xlt lab`");
  LabDesign design;
  design.file = file;
  read_section(view, "grammar", design.grammar);
  design.grammar.check();
  design.languages = read_languages(view.at("languages"));
  read_section(view, "data", design.data);
  read_section(view, "tokenizer", design.tokenizer);
  design.model = read_model(view.at("model"));
  read_pretraining(view.at("pretraining"), tools, design);
  if (view.has("eval")) design.eval = read_eval(view.at("eval"), tools);
  if (view.has("compare")) design.compare = read_compare(view.at("compare"));
  design.lease_seconds = view.get("lease_seconds", 60.0);
  if (view.has("analysis")) read_analysis(view.at("analysis"), design);
  check_factors(design, view);
  read_recipes(view.at("recipes"), tools, design);
  read_seeds(view.at("seeds"), design);
  design.normalised = json;
  design.normalised.erase("seeds");
  design.normalised["model"] = design.model;
  return design;
}

}  // namespace xlt
