// SPDX-License-Identifier: Apache-2.0
// Permutation tests of a change: signs of items' differences, or the two sides of an item exchanged.
#include "eval/pooled_items.h"

#include <algorithm>

namespace xlt {

namespace {

// Whether the metric is a mean over items: Σ numerator / Σ denominator with one denominator throughout.
bool is_mean_of_items(const MetricSpec& spec, std::span<const PairedItems> languages) {
  if (!is_single_ratio(spec)) return false;
  return std::all_of(languages.begin(), languages.end(), [](const PairedItems& language) {
    const double one = language.before[0].cells[0].denominator;
    const auto is_even = [&](const RatioTable& run) {
      return std::all_of(run.cells.begin(), run.cells.end(),
                         [&](const Ratio& ratio) { return ratio.denominator == one; });
    };
    return std::all_of(language.before.begin(), language.before.end(), is_even) &&
           std::all_of(language.after.begin(), language.after.end(), is_even);
  });
}

// One run before and one after, in one language: sums of both sides, and what exchanging an item moves over.
class RunPair {
 public:
  RunPair(const MetricSpec& spec, const RatioTable& before, const RatioTable& after,
          const std::vector<size_t>& places, const std::vector<int64_t>& switches)
      : spec_(spec), before_(kept_of(spec, before)), after_(kept_of(spec, after)) {
    for (int64_t item = 0; item < before.num_items(); ++item) {
      if (switches[places[item]] < 0) continue;
      switch_of_.push_back(switches[places[item]]);
      items_.push_back(static_cast<size_t>(item));
      const auto a = before.row(item), b = after.row(item);
      for (size_t r = 0; r < a.size(); ++r)
        moves_.push_back({b[r].numerator - a[r].numerator, b[r].denominator - a[r].denominator});
    }
  }

  double change(std::span<const char> swapped) const {
    auto before = before_, after = after_;
    if (!spec_.is_of_sums()) return change_of_items(swapped, before, after);
    for (size_t i = 0; i < switch_of_.size(); ++i) {
      if (!swapped[switch_of_[i]]) continue;
      for (size_t r = 0; r < before.size(); ++r) {
        const Ratio& move = moves_[i * before.size() + r];
        before[r].numerator += move.numerator;
        before[r].denominator += move.denominator;
        after[r].numerator -= move.numerator;
        after[r].denominator -= move.denominator;
      }
    }
    return spec_.combine(after) - spec_.combine(before);
  }

 private:
  // Sums; of an order statistic each item's ratio.
  static std::vector<Ratio> kept_of(const MetricSpec& spec, const RatioTable& table) {
    return spec.is_of_sums() ? sums_of(spec, table) : table.cells;
  }
  double change_of_items(std::span<const char> swapped, std::vector<Ratio>& before,
                         std::vector<Ratio>& after) const {
    for (size_t i = 0; i < switch_of_.size(); ++i)
      if (swapped[switch_of_[i]]) std::swap(before[items_[i]], after[items_[i]]);
    const auto value = [&](const std::vector<Ratio>& items) {
      return spec_.formula->of_items(items, {}, spec_.scale);
    };
    return value(after) - value(before);
  }

  const MetricSpec& spec_;
  std::vector<Ratio> before_, after_;  // see kept_of
  std::vector<size_t> items_;          // of each switch_of_
  std::vector<int64_t> switch_of_;     // of each item that can move
  std::vector<Ratio> moves_;           // [item][ratio]: after − before
};

}  // namespace

std::optional<PermutationResult> change_p_value(const MetricSpec& spec,
                                                std::span<const PairedItems> languages,
                                                int64_t num_permutations, const Rng& rng) {
  if (languages.empty()) return std::nullopt;
  const PooledItems pooled(languages);
  if (is_mean_of_items(spec, languages)) return sign_flip_test(changes_by_id(pooled), rng, num_permutations);
  // Ids that did not move stay as they are whichever way they lie: only the others are exchanged.
  int64_t num_switches = 0;
  std::vector<int64_t> switches;
  for (char moved : moved_ids(pooled)) switches.push_back(moved ? num_switches++ : -1);
  if (num_switches == 0) return PermutationResult{1, true};
  std::vector<RunPair> pairs;
  for (size_t l = 0; l < languages.size(); ++l)
    for (const RatioTable& before : languages[l].before)
      for (const RatioTable& after : languages[l].after)
        pairs.emplace_back(spec, before, after, pooled.places[l], switches);
  const auto statistic = [&](std::span<const char> swapped) {
    double sum = 0;
    for (const RunPair& pair : pairs) sum += pair.change(swapped);
    return sum;
  };
  return swap_test(num_switches, statistic, rng, num_permutations);
}

}  // namespace xlt
