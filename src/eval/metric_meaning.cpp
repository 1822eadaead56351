// SPDX-License-Identifier: Apache-2.0
// The rows of metrics.def, and what a name made of several of them means.
#include <cmath>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/eval/metric_list.h"

namespace xlt {

namespace {

struct Explained {
  std::string_view name, meaning;
};
constexpr Explained kExplained[] = {
#define X(name, meaning) {name, meaning},
#include "eval/metrics.def"
#undef X
};

// What a metric can be that is no share of its items; others lie between 0 and their formula's scale.
constexpr double kNone = INFINITY;
struct Limits {
  std::string_view name;
  double low, high;
};
constexpr Limits kLimits[] = {{"bias_ambig", -1, 1},
                              {"bias_disambig", -1, 1},
                              {"bits_per_byte", 0, kNone},
                              {"characters_per_completion", 0, kNone},
                              {"fluency_bits_per_byte", 0, kNone},
                              {"fluency_ppl", 0, kNone},
                              {"kl_to_base", 0, kNone},
                              {"letter_stereotype_ambig", -1, 1},
                              {"letter_stereotype_disambig", -1, 1},
                              {"likelihood_diff", 0, kNone},
                              {"nll", 0, kNone},
                              {"nll_change", -kNone, kNone},
                              {"stereotype_ambig", -1, 1},
                              {"stereotype_disambig", -1, 1},
                              {"token_perplexity", 0, kNone},
                              {"words_per_completion", 0, kNone}};

std::optional<double> known(double limit) {
  return std::isfinite(limit) ? std::optional(limit) : std::nullopt;
}

}  // namespace

MetricRange metric_range(const MetricSpec& spec) {
  if (spec.is_bounded) return {0, spec.scale};
  const std::string_view whole = std::string_view(spec.name).substr(0, spec.name.find_first_of("/@"));
  for (const Limits& limits : kLimits)
    if (whole == limits.name) return {known(limits.low), known(limits.high)};
  return {};
}

std::vector<std::string> explained_metrics() {
  std::vector<std::string> names;
  for (const Explained& row : kExplained) names.emplace_back(row.name);
  return names;
}

std::string explained(std::string_view row) {
  for (const Explained& known : kExplained)
    if (row == known.name) return std::string(known.meaning);
  return "";
}

std::string metric_meaning(std::string_view metric) {
  const size_t slash = metric.find('/');
  const std::string_view whole = metric.substr(0, slash);
  const size_t at = whole.find('@');
  std::string meaning = explained(whole.substr(0, at));
  if (meaning.empty()) return "";
  if (at != std::string_view::npos) meaning += str_cat("; here k = ", whole.substr(at + 1));
  if (slash == std::string_view::npos) return meaning;
  const std::string of_group = explained(metric.substr(slash));
  return meaning + "; " + (of_group.empty() ? str_cat("of the group ", metric.substr(slash + 1)) : of_group);
}

}  // namespace xlt
