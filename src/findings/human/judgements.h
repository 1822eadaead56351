// SPDX-License-Identifier: Apache-2.0
// What raters said of arms: means of ratings, and how often an arm is preferred.
#pragma once

#include "findings/human/ratings.h"

#include "xlt/base/rng.h"

namespace xlt {

// {arm: {"mean", "ci95", "n", "n_items", "n_raters", "languages": {lang: the same}}} of one question of
// single texts; intervals are clustered by prompt and rater, and end where the question's scale does, unless
// a rating lies outside it.
Json mean_ratings(const CollectedRatings& collected, const HumanQuestion& question,
                  const RatingsOfQuestion& ratings);

// {arm: {"value", "ci95", "n", "n_items", "n_raters", "wins", "ties", "losses", "p_value", "p_holm",
// "against", "languages": {lang: the same}}}: the share of judgements that prefer the arm to the one beside
// it, ties counted half; intervals clustered by prompt and rater. p_value: of no preference, by sign flips of
// prompts (means over raters); p_holm over the arms but the first of the export, whose rates are the others'
// turned.
Json preference_rates(const CollectedRatings& collected, const RatingsOfQuestion& ratings, const Rng& rng);

}  // namespace xlt
