// SPDX-License-Identifier: Apache-2.0
// The fields of a comparison's row, in the order of its tables.
#pragma once

namespace xlt {

// "ci95" makes two columns.
inline constexpr const char* kComparisonColumns[] = {"benchmark",
                                                     "language",
                                                     "scoring",
                                                     "scorer",
                                                     "metric",
                                                     "arm",
                                                     "n_items",
                                                     "n_ids",
                                                     "n_languages",
                                                     "n_seeds",
                                                     "base",
                                                     "value",
                                                     "change",
                                                     "change_relative",
                                                     "ci95",
                                                     "p_value",
                                                     "p_holm",
                                                     "q_bh",
                                                     "mde",
                                                     "distance_from_ideal_change",
                                                     "higher_is_better"};

}  // namespace xlt
