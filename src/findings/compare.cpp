// SPDX-License-Identifier: Apache-2.0
// Arms → rows: paired changes of every metric, in every language and over all but the source.
#include "xlt/findings/compare.h"

#include "findings/arm.h"
#include "findings/comparability.h"
#include "findings/comparison_rows.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/base/utf8.h"
#include "xlt/stats/multiplicity.h"

namespace xlt {

namespace {

// p_holm and q_bh over all rows that have a p.
void correct_for_number(Json& rows) {
  std::vector<double> p_values;
  for (const Json& row : rows)
    if (row.at("p_value").is_number()) p_values.push_back(row.at("p_value").get<double>());
  const auto family = holm(p_values), discoveries = benjamini_hochberg(p_values);
  size_t next = 0;
  for (Json& row : rows) {
    if (!row.at("p_value").is_number()) continue;
    row["p_holm"] = family[next];
    row["q_bh"] = discoveries[next++];
  }
}

Json arms_json(const std::vector<Arm>& arms) {
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
  return json;
}

Json settings_json(const CompareOptions& options, Json allowed) {
  return Json{
      {"source", options.source},
      {"metrics", options.metrics},
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

}  // namespace

void CompareOptions::visit(OptionVisitor& v) {
  v.field("arms", arms,
          "the base and what to compare with it: output folders of `xlt eval`, each DIR or NAME=DIR,DIR,… "
          "for the "
          "seeds of one arm");
  v.field("output", output, "where compare.json, compare.csv and compare.tex go");
  v.field("source", source, "language of the finetuning; `mean_others` leaves it out");
  v.field("metrics", metrics, "which metrics: headline, all, or names");
  v.field("allow", allow, "settings in which the arms may differ (an error names them); recorded");
  v.field("num_resamples", num_resamples, "draws behind every interval", between(100, 10'000'000));
  v.field("num_permutations", num_permutations, "arrangements behind a p-value that is not exact",
          between(100, 10'000'000));
}

void check_compare_options(const CompareOptions& options) {
  parse_language(options.source);
  check_comparable(read_arms(options.arms), options.allow);
}

Json compare(const CompareOptions& options, const Context& context) {
  return compare_arms(read_arms(options.arms), options, context);
}

Json compare_arms(const std::vector<Arm>& arms, const CompareOptions& options, const Context& context) {
  CompareOptions checked = options;
  checked.source = parse_language(options.source);
  Json allowed = check_comparable(arms, options.allow);
  Json rows = Json::array(), refused = Json::array();
  add_rows(arms, checked, context, rows, refused);
  if (rows.empty())
    throw Error(ErrorKind::kData,
                refused.empty() ? "the evaluations have no cells"
                                : "nothing could be compared; first of " + std::to_string(refused.size()) +
                                      " reasons: " + refused[0].at("reason").get<std::string>(),
                arms[0].seeds[0].path().string());
  correct_for_number(rows);
  return Json{{"version", 1},
              {"arms", arms_json(arms)},
              {"rows", std::move(rows)},
              {"refused", std::move(refused)},
              {"settings", settings_json(checked, std::move(allowed))}};
}

}  // namespace xlt
