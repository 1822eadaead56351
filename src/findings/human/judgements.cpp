// SPDX-License-Identifier: Apache-2.0
#include "findings/human/judgements.h"

#include "findings/p_values.h"

#include <algorithm>
#include <limits>

#include "xlt/stats/clustered_mean.h"
#include "xlt/stats/multiplicity.h"
#include "xlt/stats/permutation.h"

namespace xlt {

namespace {

constexpr int64_t kPermutations = 10000;

// Judgements of one arm, as numbers, with whose and of what they are.
class Judgements {
 public:
  void add(double value, const std::string& cluster, const std::string& rater) {
    values_.push_back(value);
    items_.push_back(number_of(clusters_, cluster));
    raters_.push_back(number_of(names_, rater));
  }
  std::span<const double> values() const { return values_; }
  std::optional<ClusteredMean> mean() const { return clustered_mean(values_, items_, raters_); }
  // Of each prompt, the mean over its judgements, less `centre`.
  std::vector<double> by_item(double centre) const {
    std::vector<double> sums(clusters_.size()), counts(clusters_.size());
    for (size_t i = 0; i < values_.size(); ++i) {
      sums[items_[i]] += values_[i] - centre;
      ++counts[items_[i]];
    }
    for (size_t i = 0; i < sums.size(); ++i) sums[i] /= counts[i];
    return sums;
  }
  Json counts() const {
    return Json{{"n", values_.size()}, {"n_items", clusters_.size()}, {"n_raters", names_.size()}};
  }
  double plain_mean() const {
    double sum = 0;
    for (const double value : values_) sum += value;
    return sum / static_cast<double>(values_.size());
  }

 private:
  static int64_t number_of(std::map<std::string, int64_t>& numbers, const std::string& name) {
    return numbers.try_emplace(name, std::ssize(numbers)).first->second;
  }
  std::vector<double> values_;
  std::vector<int64_t> items_, raters_;
  std::map<std::string, int64_t> clusters_, names_;
};

Json interval_json(const Interval& interval) { return {interval.low, interval.high}; }

// What a mean can be: from the least answer to the greatest, and no bounds where somebody rated otherwise.
Interval scale_of(const HumanQuestion& question, const RatingsOfQuestion& ratings) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Interval scale{kInfinity, -kInfinity};
  for (const HumanAnswer& answer : question.answers) {
    const double value = rating_value(question, answer.value).value();
    scale = {std::min(scale.low, value), std::max(scale.high, value)};
  }
  for (const auto& [item, by_rater] : ratings)
    for (const auto& [rater, value] : by_rater)
      if (value < scale.low || value > scale.high) return {-kInfinity, kInfinity};
  return scale;
}

Json mean_json(const Judgements& judgements, const Interval& scale) {
  const auto mean = judgements.mean();
  Json interval;
  if (mean) {
    const Interval wide = mean_interval(*mean);
    interval = interval_json({std::max(wide.low, scale.low), std::min(wide.high, scale.high)});
  }
  Json json{{"mean", judgements.plain_mean()}, {"ci95", interval}};
  json.update(judgements.counts());
  return json;
}

Json rate_json(const Judgements& judgements, const Rng& rng) {
  const auto mean = judgements.mean();
  Json json{{"value", judgements.plain_mean()},
            {"ci95", mean ? interval_json(share_interval(*mean)) : Json()}};
  json.update(judgements.counts());
  int64_t wins = 0, ties = 0, losses = 0;
  for (const double value : judgements.values()) ++(value > 0.5 ? wins : value < 0.5 ? losses : ties);
  json["wins"] = wins;
  json["ties"] = ties;
  json["losses"] = losses;
  const auto test = sign_flip_test(judgements.by_item(0.5), rng, kPermutations);
  json["p_value"] = test ? Json(test->p_value) : Json();
  return json;
}

// [arm][language, or "" for all]
using ByArm = std::map<std::string, std::map<std::string, Judgements>>;

void add(ByArm& by_arm, const std::string& arm, const CollectedRatings& collected, const std::string& item,
         const std::string& rater, double value) {
  for (const std::string& language : {std::string(), language_of(collected, item)})
    by_arm[arm][language].add(value, cluster_of(collected, item), rater);
}

template <typename ToJson>
Json arms_json(const ByArm& by_arm, const ToJson& to_json) {
  Json arms = Json::object();
  for (const auto& [arm, languages] : by_arm) {
    Json json = to_json(arm, "", languages.at("")), own = Json::object();
    for (const auto& [language, judgements] : languages)
      if (!language.empty()) own[language] = to_json(arm, language, judgements);
    json["languages"] = std::move(own);
    arms[arm] = std::move(json);
  }
  return arms;
}

// The arm that the others are held against, as export.json has it.
std::string base_arm(const CollectedRatings& collected) {
  const Json arms = collected.settings.value("arms", Json());
  return arms.is_array() && !arms.empty() ? arms[0].value("name", "") : "";
}

void correct_for_number(Json& arms, const std::string& base) {
  PValues tests;
  for (auto& [arm, json] : arms.items()) {
    json["p_holm"] = Json();
    if (arm != base) tests.add(json);
  }
  tests.write("p_holm", holm(tests.values()));
}

}  // namespace

Json mean_ratings(const CollectedRatings& collected, const HumanQuestion& question,
                  const RatingsOfQuestion& ratings) {
  ByArm by_arm;
  for (const auto& [item, by_rater] : ratings)
    for (const auto& [rater, value] : by_rater)
      add(by_arm, key_text(collected, item, "arm", ""), collected, item, rater, value);
  const Interval scale = scale_of(question, ratings);
  return arms_json(by_arm, [&](const std::string&, const std::string&, const Judgements& judgements) {
    return mean_json(judgements, scale);
  });
}

Json preference_rates(const CollectedRatings& collected, const RatingsOfQuestion& ratings, const Rng& rng) {
  ByArm by_arm;
  std::map<std::string, std::set<std::string>> against;
  for (const auto& [item, by_rater] : ratings) {
    const std::string a = key_text(collected, item, "a", ""), b = key_text(collected, item, "b", "");
    against[a].insert(b);
    against[b].insert(a);
    for (const auto& [rater, value] : by_rater) {  // 1: b
      add(by_arm, a, collected, item, rater, 1 - value);
      add(by_arm, b, collected, item, rater, value);
    }
  }
  Json arms = arms_json(
      by_arm, [&](const std::string& arm, const std::string& language, const Judgements& judgements) {
        return rate_json(judgements, rng.fork("preference").fork(arm).fork(language));
      });
  for (auto& [arm, json] : arms.items()) json["against"] = against.at(arm);
  correct_for_number(arms, base_arm(collected));
  return arms;
}

}  // namespace xlt
