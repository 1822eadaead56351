// SPDX-License-Identifier: Apache-2.0
// Cards that an evaluation was given (`xlt card`), to stand beside the figures of the scorer that they are
// of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/scorers/scorer.h"

namespace xlt {

class ScorerCards {
 public:
  // Throws kIo, kData for what is no card, and kUsage for a card of a scorer (by its hash) that is none of
  // `scorers`, and for two of one scorer.
  ScorerCards(const std::vector<std::string>& files, const std::vector<TextScorer*>& scorers);
  // {"auc", "auc_ci95", "n"}: of the scorer in a language; where there is none, {"auc": null, "reason"}. Null
  // without a card for this scorer.
  Json of(const std::string& scorer_hash, const std::string& language) const;

 private:
  std::map<std::string, Json> by_hash_;
};

}  // namespace xlt
