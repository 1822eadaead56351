// SPDX-License-Identifier: Apache-2.0
// How far raters agree, with intervals.
#pragma once

#include "findings/human/ratings.h"

#include "xlt/base/rng.h"

namespace xlt {

// {"alpha"|null, "alpha_ci95"|null, "alpha_nominal", "alpha_interval", "alpha_ratio", "kappa"|null,
// "kappa_ci95"|null, "kappa_kind": "cohen"|"fleiss"|null, "n_items" (with two ratings or more), "n_raters",
// "n_ratings"} and, where something is null, "reason". alpha: Krippendorff's, ordinal (a < tie < b). kappa:
// of two raters Cohen's, unweighted, over the items that both rated; of more Fleiss's, over those that all
// did. Intervals draw prompts, whose items go together; the ratings of one language, or of all where it is
// empty.
Json agreement_json(const CollectedRatings& collected, const RatingsOfQuestion& ratings,
                    const std::string& language, int64_t draws, const Rng& rng);

}  // namespace xlt
