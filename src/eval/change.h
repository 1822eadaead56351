// SPDX-License-Identifier: Apache-2.0
// Before → after: a metric of two evaluations on the items that both scored, and what moved over languages.
#pragma once

#include "eval/cell.h"

#include <map>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/eval/paired_items.h"

namespace xlt {

struct PairedChange {
  int64_t n = 0;  // items measured on both sides; 0: nothing else is set
  double before = 0, after = 0;
  std::optional<Interval> ci95;  // of after − before
  PairedItems items;
  int64_t num_resamples = 0;
  // {before, after, change, ci95, n}, or null
  Json to_json() const;
};
// On the items that both sides measured; one draw of items serves both.
PairedChange paired_change(const MetricSpec& spec, const std::vector<ScoredItem>& before,
                           const std::vector<ScoredItem>& after, int64_t num_resamples, const Rng& rng);

// Changes of headline metrics, English beside the mean of the other languages, each counted once. Items of
// one id are translations of each other and drawn together, so that sixteen translations of fifty prompts are
// not eight hundred prompts. The interval speaks of these languages' items, not of languages at large.
class TransferSummary {
 public:
  // Whose change it is; `scorer` may be empty.
  struct Name {
    std::string benchmark, scoring, scorer;
    bool operator==(const Name&) const = default;
  };
  void add(const Name& name, const MetricSpec& spec, const std::string& language, const PairedChange& change);
  // [{benchmark, scoring, scorer?, metric, higher_is_better, english, others: {n_languages, before, after,
  // change, ci95, fell, rose}}]; fell and rose count languages whose own interval excludes 0.
  Json to_json() const;

 private:
  struct Moved {
    Name name;
    MetricSpec spec;
    std::map<std::string, PairedChange> by_language;
  };
  static Json others_of(const Moved& moved);
  std::vector<Moved> rows_;
};

}  // namespace xlt
