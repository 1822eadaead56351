// SPDX-License-Identifier: Apache-2.0
// Arms → rows: paired changes of every metric, in every language and over all but the source.
#include "xlt/findings/compare.h"

#include "findings/arm.h"
#include "findings/comparability.h"
#include "findings/comparison_rows.h"
#include "findings/lm_eval/join.h"
#include "findings/p_values.h"
#include "findings/refused_text.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/base/utf8.h"
#include "xlt/stats/multiplicity.h"

namespace xlt {

namespace {

// What is compared: arms of evaluations, and results of lm_eval of the same arms or others.
struct Comparands {
  std::vector<Arm> arms;
  std::vector<LmEvalArm> lm_eval;
  const std::string& base() const { return arms.empty() ? lm_eval[0].name : arms[0].name; }
  const std::filesystem::path& first_path() const {
    return arms.empty() ? lm_eval[0].runs[0].file : arms[0].seeds[0].path();
  }
  int64_t size() const {
    int64_t count = std::ssize(arms);
    for (const LmEvalArm& own : lm_eval)
      count += std::none_of(arms.begin(), arms.end(), [&](const Arm& arm) { return arm.name == own.name; });
    return count;
  }
};

// Evaluations of ours and lm_eval's have settings of their own; --allow may name any of them.
void check_allowed_of(const Comparands& comparands, const std::vector<std::string>& allow) {
  std::vector<const EvaluationFolder*> folders;
  for (const Arm& arm : comparands.arms)
    for (const EvaluationFolder& folder : arm.seeds) folders.push_back(&folder);
  for (const LmEvalArm& arm : comparands.lm_eval)
    for (const LmEvalResults& run : arm.runs) folders.push_back(&run.evaluation);
  check_allowed(folders, allow);
}

Comparands read_comparands(const CompareOptions& options) {
  if (options.lm_eval.empty()) return {read_arms(options.arms), {}};
  Comparands comparands;
  if (options.arms.size() == 1)
    comparands.arms.push_back(parse_arm(options.arms[0]));
  else if (!options.arms.empty())
    comparands.arms = read_arms(options.arms);
  // Without evaluations of ours the first file's arm is the base.
  comparands.lm_eval =
      read_lm_eval_arms(options.lm_eval, comparands.arms.empty() ? std::string() : comparands.arms[0].name);
  if (comparands.size() < 2)
    throw Error(ErrorKind::kUsage,
                "expected a base and at least one arm to compare it with; name them: --lm-eval "
                "before=FILE,after=FILE",
                "--lm-eval");
  return comparands;
}

// The metrics that were asked for and that the arms have. A name that nobody has stays: it is refused by
// name.
std::vector<std::string> metrics_of_arms(const Comparands& comparands,
                                         const std::vector<std::string>& asked) {
  const auto here = metrics_among(comparands.arms, asked), there = lm_eval_metrics(comparands.lm_eval, asked);
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const bool is_known = std::all_of(asked.begin(), asked.end(), [&](const std::string& name) {
    return has(here, name) || has(there, name);
  });
  return is_known ? here : asked;
}

// Results of lm_eval that an arm has, or of an arm that has nothing else.
void add_lm_eval_arms(Json& json, const std::vector<LmEvalArm>& lm_eval) {
  for (const LmEvalArm& own : lm_eval) {
    Json files = Json::array();
    for (const LmEvalResults& run : own.runs) files.push_back(run.record);
    auto arm =
        std::find_if(json.begin(), json.end(), [&](const Json& one) { return one.at("name") == own.name; });
    if (arm == json.end()) {
      json.push_back(Json{{"name", own.name},
                          {"is_base", json.empty()},
                          {"n_seeds", own.runs.size()},
                          {"folders", Json::array()},
                          {"adapters", Json::array()}});
      arm = json.end() - 1;
    }
    (*arm)["lm_eval"] = std::move(files);
  }
}

Json arms_json(const Comparands& comparands) {
  const auto& arms = comparands.arms;
  Json json = Json::array();
  for (const Arm& arm : arms) {
    Json folders = Json::array(), adapters = Json::array();
    for (const EvaluationFolder& folder : arm.seeds) {
      folders.push_back(escape_invalid_utf8(folder.path().string()));
      const Json model = folder.reports()[0]->value("model", Json());
      adapters.push_back(model.is_object() ? model.value("adapter", Json()) : Json());
    }
    json.push_back(Json{{"name", arm.name},
                        {"is_base", &arm == &arms[0]},
                        {"n_seeds", arm.seeds.size()},
                        {"folders", folders},
                        {"adapters", adapters}});
  }
  add_lm_eval_arms(json, comparands.lm_eval);
  return json;
}

Json settings_json(const CompareOptions& options, Json allowed) {
  return Json{
      {"source", options.source},
      {"metrics", options.metrics},
      {"scoring", options.scoring},
      {"seed", options.seed},
      {"num_resamples", options.num_resamples},
      {"num_permutations", options.num_permutations},
      {"confidence", 0.95},
      {"power", 0.8},
      {"allowed", std::move(allowed)},
      {"ci95",
       "two-level Bayesian bootstrap: ids (the same draw in every language and arm), and seeds; half a "
       "pseudo-item "
       "as far as one may have moved unseen, on either side; Student's t with Satterthwaite's degrees of "
       "freedom"},
      {"p_value",
       "two-sided permutation test, ties counted: signs of ids' differences (means over seeds and languages) "
       "where "
       "the metric is a mean over items, else both sides of an id exchanged and the metric computed again"},
      {"mde", "(z(0.975) + z(0.8)) standard errors: the change that a test at 0.05 finds four times in five"},
      {"mean_others",
       "each language counts once; base, value, change and distance_from_ideal_change are means over "
       "languages"}};
}

Json compare_all(const Comparands& comparands, const CompareOptions& options, const Context& context) {
  const auto& [arms, lm_eval] = comparands;
  CompareOptions checked = options;
  checked.source = parse_language(options.source);
  check_allowed_of(comparands, options.allow);
  Json allowed = Json::array(), rows = Json::array(), refused = Json::array();
  if (arms.size() > 1) {
    checked.metrics = metrics_of_arms(comparands, options.metrics);
    allowed = check_comparable(arms, options.allow);
    if (!checked.metrics.empty()) add_rows(arms, checked, context, rows, refused);
  }
  if (!lm_eval.empty()) {
    checked.metrics = lm_eval_metrics(lm_eval, options.metrics);
    const Json more = add_lm_eval_rows(lm_eval, comparands.base(), checked, context, rows, refused);
    allowed.insert(allowed.end(), more.begin(), more.end());
    checked.metrics = options.metrics;
  }
  if (rows.empty())
    throw Error(ErrorKind::kData,
                refused.empty() ? "the evaluations have no cells" +
                                      (options.scoring == "both" ? "" : " of the scoring " + options.scoring)
                                : "nothing could be compared: " + refused_text(refused),
                comparands.first_path().string());
  const PValues tests(rows);
  tests.write("p_holm", holm(tests.values()));
  tests.write("q_bh", benjamini_hochberg(tests.values()));
  return Json{{"version", 1},
              {"arms", arms_json(comparands)},
              {"rows", std::move(rows)},
              {"refused", std::move(refused)},
              {"settings", settings_json(checked, std::move(allowed))}};
}

}  // namespace

void CompareOptions::visit(OptionVisitor& v) {
  v.field("arms", arms,
          "the base and what to compare with it: output folders of `xlt eval`, each DIR or NAME=DIR,DIR,… "
          "for the "
          "seeds of one arm");
  v.field("output", output, "where compare.json, compare.csv and compare.tex go");
  v.field("source", source, "language of the finetuning; `mean_others` leaves it out");
  v.field("metrics", metrics, "which metrics: headline, all, or names");
  v.field("scoring", scoring,
          "rows of which scoring; of both, a metric that they have alike stands twice among the rows that "
          "p-values are corrected for",
          one_of({"both", "corrected", "paper"}));
  v.field("allow", allow, "settings in which the arms may differ (an error names them); recorded");
  v.field(
      "lm_eval", lm_eval,
      "results of lm-evaluation-harness that join the table (results_….json, samples beside it, or their "
      "folder): NAME=FILE, where NAME is an arm and several of one name are its seeds; FILE: an arm called "
      "as its model");
  v.field("num_resamples", num_resamples, "draws behind every interval", between(100, 10'000'000));
  v.field("num_permutations", num_permutations, "arrangements behind a p-value that is not exact",
          between(100, 10'000'000));
}

void check_compare_options(const CompareOptions& options) {
  parse_language(options.source);
  const Comparands comparands = read_comparands(options);
  check_allowed_of(comparands, options.allow);
  if (comparands.arms.size() > 1) check_comparable(comparands.arms, options.allow);
}

Json compare(const CompareOptions& options, const Context& context) {
  return compare_all(read_comparands(options), options, context);
}

Json compare_arms(const std::vector<Arm>& arms, const CompareOptions& options, const Context& context) {
  return compare_all({arms, {}}, options, context);
}

}  // namespace xlt
