// SPDX-License-Identifier: Apache-2.0
#include "findings/lm_eval/metric_bounds.h"

#include <cmath>
#include <limits>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// What a metric of lm_eval's can be. One that is not here may be anything finite.
struct Bounds {
  const char* name;
  double low, high;
};
constexpr double kNoBound = std::numeric_limits<double>::infinity();
constexpr Bounds kBounds[] = {
    {"acc", 0, 1},
    {"acc_bytes", 0, 1},
    {"acc_mutual_info", 0, 1},
    {"acc_norm", 0, 1},
    {"acc_norm_bytes", 0, 1},
    {"bits_per_byte", 0, kNoBound},
    {"bleu", 0, 100},
    {"brier_score", 0, 2},
    {"byte_perplexity", 1, kNoBound},
    {"chrf", 0, 100},
    {"em", 0, 100},
    {"exact_match", 0, 100},
    {"f1", 0, 100},
    {"mcc", -1, 1},
    {"pct_stereotype", 0, 100},
    {"perplexity", 1, kNoBound},
    {"ter", 0, kNoBound},
    {"word_perplexity", 1, kNoBound},
};

}  // namespace

std::string fault_of_metric(const std::string& metric, const Json& value) {
  if (!value.is_number()) return str_cat("the results state ", dump_json(value), ", which is no number");
  const auto number = value.get<double>();
  if (!std::isfinite(number)) return "the results state no finite number";
  for (const Bounds& bounds : kBounds)
    if (metric == bounds.name && (number < bounds.low || number > bounds.high))
      return str_cat("the results state ", number, ", and ", metric, " is ",
                     bounds.high == kNoBound ? str_cat("at least ", bounds.low)
                                             : str_cat("from ", bounds.low, " to ", bounds.high));
  return "";
}

bool is_remark(const std::string& key) {
  return key == "alias" || key == "sample_len" || key == "sample_count" || key == "name";
}

}  // namespace xlt
