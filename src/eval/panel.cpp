// SPDX-License-Identifier: Apache-2.0
#include "eval/panel.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json.h"
#include "xlt/stats/agreement.h"
#include "xlt/stats/bootstrap.h"

namespace xlt {

namespace {

// An item's part in alpha, which is a function of their sums (krippendorff_alpha, interval level):
//   alpha = 1 − (N − 1) Σ observed / (2 (N Σ x² − (Σ x)²))
struct Agreement {
  double ratings = 0, sum = 0, squares = 0, observed = 0;
  int64_t units = 0;

  // One completion's scores.
  void add(const std::vector<double>& scores) {
    const auto count = static_cast<double>(scores.size());
    if (count < 2) return;
    double unit_sum = 0, unit_squares = 0;
    for (const double score : scores) {
      unit_sum += score;
      unit_squares += score * score;
    }
    ++units;
    ratings += count;
    sum += unit_sum;
    squares += unit_squares;
    observed += 2 * (count * unit_squares - unit_sum * unit_sum) / (count - 1);
  }
  void add(const Agreement& other, double weight) {
    ratings += weight * other.ratings;
    sum += weight * other.sum;
    squares += weight * other.squares;
    observed += weight * other.observed;
    units += other.units;
  }
  double alpha() const {
    const double expected = 2 * (ratings * squares - sum * sum);
    // Equal scores leave nothing but the rounding of their squares.
    return expected > 1e-12 * ratings * ratings ? 1 - (ratings - 1) * observed / expected : NAN;
  }
};

Agreement agreement_of(const ScoredItem& item, const std::vector<std::string>& scorers) {
  std::vector<std::vector<double>> by_completion;
  for (const auto& [scorer, part] : item.by_scorer) {
    if (std::find(scorers.begin(), scorers.end(), scorer) == scorers.end()) continue;
    by_completion.resize(std::max(by_completion.size(), part.scores.size()));
    for (size_t k = 0; k < part.scores.size(); ++k)
      if (part.scores[k]) by_completion[k].push_back(*part.scores[k]);
  }
  Agreement agreement;
  for (const auto& scores : by_completion) agreement.add(scores);
  return agreement;
}

}  // namespace

void Coverage::add(const std::string& language, const std::vector<ScoredItem>& items) {
  for (const ScoredItem& item : items)
    for (const auto& [scorer, part] : item.by_scorer) {
      const auto found = part.ratios.find("scored");
      if (found == part.ratios.end()) continue;
      Ratio& count = counts_[language][scorer];
      count.numerator += found->second.numerator;
      count.denominator += found->second.denominator;
    }
}

Json Coverage::to_json() const {
  Json json = Json::object();
  for (const auto& [language, scorers] : counts_)
    for (const auto& [scorer, count] : scorers)
      json[language][scorer] = count.denominator > 0 ? Json(count.numerator / count.denominator) : Json();
  return json;
}

Json panel_of(const std::vector<ScoredItem>& items, const std::vector<std::string>& scorers, int64_t draws,
              const Rng& rng) {
  std::vector<Agreement> parts;
  std::vector<std::string> ids;
  Agreement all;
  for (const ScoredItem& item : items) {
    const Agreement part = agreement_of(item, scorers);
    if (part.units == 0) continue;
    parts.push_back(part);
    ids.push_back(item.id);
    all.add(part, 1);
  }
  Json json{{"scorers", scorers}, {"n", all.units}, {"alpha", Json()}, {"alpha_ci95", Json()}};
  const double alpha = all.alpha();
  if (!std::isfinite(alpha)) return json;
  json["alpha"] = alpha;
  if (parts.size() < 2) return json;
  const BootstrapWeights weights(rng, ids, draws);
  std::vector<double> replicates;
  for (int64_t draw = 0; draw < draws; ++draw) {
    Agreement drawn;
    for (size_t i = 0; i < parts.size(); ++i) drawn.add(parts[i], weights.of(draw)[i]);
    replicates.push_back(drawn.alpha());
  }
  const auto interval = agreement_interval(std::move(replicates), alpha, std::ssize(parts));
  if (interval) json["alpha_ci95"] = {interval->low, interval->high};
  return json;
}

}  // namespace xlt
