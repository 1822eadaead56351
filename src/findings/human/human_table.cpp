// SPDX-License-Identifier: Apache-2.0
// What was found, for people.
#include "findings/comparison_text.h"

#include "xlt/base/json.h"
#include "xlt/findings/human.h"

namespace xlt {

namespace {

std::string with_interval(const Json& value, const Json& interval) {
  std::string text = value_text(value);
  if (interval.is_array()) text += str_cat(" [", value_text(interval[0]), ", ", value_text(interval[1]), "]");
  return text;
}

}  // namespace

std::string human_table(const Json& found) {
  std::string text = "agreement (Krippendorff's alpha, ordinal; kappa)\n";
  for (const auto& [question, json] : found.at("questions").items())
    text += str_cat("  ", question, "  alpha ", with_interval(json.at("alpha"), json.at("alpha_ci95")),
                    "  kappa ", with_interval(json.at("kappa"), json.at("kappa_ci95")), "  ",
                    json.at("n_items").get<int64_t>(), " items, ", json.at("n_raters").get<int64_t>(),
                    " raters\n");
  for (const auto& [question, arms] : found.at("ratings").items()) {
    text += "\n" + question + ", mean rating\n";
    for (const auto& [arm, json] : arms.items())
      text += str_cat("  ", arm, "  ", with_interval(json.at("mean"), json.at("ci95")),
                      "  n=", json.at("n").get<int64_t>(), "\n");
  }
  if (!found.at("preference_rate").empty()) text += "\npreferred (ties count half)\n";
  for (const auto& [arm, json] : found.at("preference_rate").items())
    text += str_cat("  ", arm, "  ", with_interval(json.at("value"), json.at("ci95")),
                    "  p=", value_text(json.at("p_value")), "  n=", json.at("n").get<int64_t>(), "\n");
  if (!found.at("scorer_calibration").empty()) text += "\nscorers against people's ratings of toxicity\n";
  for (const auto& [scorer, json] : found.at("scorer_calibration").items())
    text += str_cat("  ", scorer, "  Spearman ", value_text(json.at("spearman")), "  AUC ",
                    with_interval(json.at("auc"), json.at("auc_ci95")), "  n=", json.at("n").get<int64_t>(),
                    "\n");
  return text + "in brackets: 95 % intervals\n";
}

}  // namespace xlt
