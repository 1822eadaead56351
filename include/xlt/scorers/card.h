// SPDX-License-Identifier: Apache-2.0
// A scorer's card: how well its scores agree with people's labels, language by language, and how often it
// calls harmless texts toxic.
//
//   const Json card = make_card(*scorer, read_labelled_texts(files, "und"), {.seen = {"en"}}, context);
//   std::fputs(card_table(card).c_str(), stdout);
//
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/dataset/labelled_text.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

struct CardOptions {
  std::vector<std::string> seen;  // languages it was trained in; empty: what the scorer says of itself
  std::function<bool(const std::string& text)> was_trained_on = {};  // empty: not known
  std::string benign;  // data folder (udhr, ud_pud, flores), or a file of rows {"text"[, "language"]}
};

// {"version", "scorer", "scorer_hash", "threshold": 0.5, "auc_interval", "languages": {language: {"n",
// "n_scored", "n_positive"(scored), "seen": true|false|null, "auc", "auc_ci95", "accuracy", "f1", "brier",
// "ece", "spearman", "positive_rate_on_benign", "positive_rate_on_benign_ci95", "unscored": {reason: n},
// "n_in_training"(rows that the scorer was fitted to, as far as is known)[, "benign"]}}, "seen"|"unseen":
// {"languages", "auc_mean"}}. A label of at least 0.5 is positive, a score too. Everything is over scored
// rows; what is undefined is null: `auc` of one class, `spearman` where every label is 0 or 1.
// `positive_rate_on_benign`: of the rows with label 0. `seen` is null where nobody says which languages the
// scorer knows. Rows without a score and rows of its training are warned of.
Json make_card(TextScorer& scorer, const std::vector<LabelledText>& rows, const CardOptions& options,
               const Context& context);
// A line a language, and the means.
std::string card_table(const Json& card);

}  // namespace xlt
