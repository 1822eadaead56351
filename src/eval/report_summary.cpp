// SPDX-License-Identifier: Apache-2.0
// What transferred and what it cost, in a sentence.
#include "eval/report_text.h"

#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

std::string change_text(const Json& row) {
  return signed_text(row.at("change").get<double>()) + interval_text(row.at("ci95"), true);
}

std::string clause(const Json& row) {
  const Json &english = row.at("english"), &others = row.at("others");
  const std::string scorer = row.value("scorer", "");
  std::string text = row.at("subject");
  if (!scorer.empty()) text += str_cat(", scorer ", scorer, ",");
  if (others.is_object()) {
    const auto languages = others.at("n_languages").get<int64_t>();
    text += str_cat(" fell in ", others.at("fell").get<int64_t>(), " and rose in ",
                    others.at("rose").get<int64_t>(), " of ", languages,
                    languages == 1 ? " language" : " languages", " other than English, on average by ",
                    change_text(others));
    if (english.is_object()) text += ", in English by " + change_text(english);
  } else {
    text += " changed in English by " + change_text(english);
  }
  return text;
}

}  // namespace

std::string report_summary(const Json& report) {
  if (!report.contains("transfer")) return "";
  const std::string scoring = scoring_shown(report);
  std::string text;
  for (const bool is_cost : {false, true})
    for (const Json& row : report.at("transfer"))
      if (row.contains("subject") && row.value("is_cost", false) == is_cost && row.at("scoring") == scoring)
        append_item(text, clause(row), "; ");
  if (text.empty()) return "";
  return "From before to after (95 % intervals; a language counts where its own excludes 0): " + text + ".";
}

}  // namespace xlt
