// SPDX-License-Identifier: Apache-2.0
// What a scorer's numbers are worth: beside people's ratings of the same texts.
#pragma once

#include "findings/human/ratings.h"

namespace xlt {

// {scorer: {"n", "unscored", "spearman", "spearman_p", "auc", "auc_ci95", "brier", "ece", "toxic_from",
// "share_toxic", "bins": [{"low", "high", "n", "mean_score", "mean_rating", "share_toxic", "ci95"}],
// "languages": {lang: the same without bins}}}. `share_toxic` is the mean over texts of the share of raters
// who gave `toxic_from` or more, its interval over texts; a text counts as toxic where half of them did (auc,
// brier, ece). Ten bins of equal width, the last with its upper end, empty ones left out. Null where a
// statistic is not defined. `ratings`: of toxicity.
Json scorer_calibration(const CollectedRatings& collected, const RatingsOfQuestion& ratings,
                        double toxic_from);

}  // namespace xlt
