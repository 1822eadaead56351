// SPDX-License-Identifier: Apache-2.0
#include "findings/human/agreement.h"

#include <algorithm>
#include <functional>

#include "xlt/base/json_or_null.h"
#include "xlt/stats/agreement.h"
#include "xlt/stats/bootstrap.h"

namespace xlt {

namespace {

using Weights = std::span<const double>;
using Statistic = std::function<std::optional<double>(Weights)>;

// Ratings as a table, items with two ratings or more.
struct RatingTable {
  Ratings rows;                       // [item][rater]
  std::vector<std::string> clusters;  // of each item
  std::vector<std::string> raters;
  int64_t num_ratings = 0;
};

RatingTable table_of(const CollectedRatings& collected, const RatingsOfQuestion& ratings,
                     const std::string& language) {
  RatingTable table;
  std::set<std::string> raters;
  const auto is_asked = [&](const std::string& item) {
    return language.empty() || language_of(collected, item) == language;
  };
  for (const auto& [item, by_rater] : ratings)
    if (is_asked(item))
      for (const auto& [rater, value] : by_rater) raters.insert(rater);
  table.raters = {raters.begin(), raters.end()};
  for (const auto& [item, by_rater] : ratings) {
    if (!is_asked(item)) continue;
    table.num_ratings += std::ssize(by_rater);
    if (by_rater.size() < 2) continue;
    auto& row = table.rows.emplace_back();
    for (const std::string& rater : table.raters) {
      const auto found = by_rater.find(rater);
      row.push_back(found == by_rater.end() ? std::nullopt : std::optional(found->second));
    }
    table.clusters.push_back(cluster_of(collected, item));
  }
  return table;
}

bool is_full(const std::vector<std::optional<double>>& row) {
  return std::all_of(row.begin(), row.end(), [](const auto& rating) { return rating.has_value(); });
}

// Items that every rater rated.
struct FullRatings {
  std::vector<std::vector<double>> by_rater;
  std::vector<std::vector<int64_t>> counts;  // [item][category]
  std::vector<std::string> clusters;
};

FullRatings full_ratings(const RatingTable& table) {
  FullRatings full;
  full.by_rater.resize(table.raters.size());
  std::set<double> categories;
  for (const auto& row : table.rows)
    if (is_full(row))
      for (const auto& rating : row) categories.insert(*rating);
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    if (!is_full(row)) continue;
    full.clusters.push_back(table.clusters[i]);
    auto& counts = full.counts.emplace_back();
    for (const double category : categories)
      counts.push_back(std::count(row.begin(), row.end(), std::optional(category)));
    for (size_t r = 0; r < row.size(); ++r) full.by_rater[r].push_back(*row[r]);
  }
  return full;
}

Json interval_of(const Statistic& statistic, double value, const std::vector<std::string>& clusters,
                 int64_t draws, const Rng& rng) {
  std::vector<std::string> ids = clusters;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.size() < 2) return Json();
  std::vector<size_t> place;
  for (const std::string& cluster : clusters)
    place.push_back(static_cast<size_t>(std::lower_bound(ids.begin(), ids.end(), cluster) - ids.begin()));
  const BootstrapWeights weights(rng, ids, draws);
  std::vector<double> replicates, own(clusters.size());
  for (int64_t draw = 0; draw < draws; ++draw) {
    for (size_t i = 0; i < place.size(); ++i) own[i] = weights.of(draw)[place[i]];
    if (const auto drawn = statistic(own)) replicates.push_back(*drawn);
  }
  const auto interval = agreement_interval(std::move(replicates), value, std::ssize(ids));
  return interval ? Json::array({interval->low, interval->high}) : Json();
}

void add_alpha(Json& json, const RatingTable& table, int64_t draws, const Rng& rng) {
  const KrippendorffAlpha alpha(table.rows, MeasurementLevel::kOrdinal);
  const auto value = alpha();
  json["alpha"] = json_or_null(value);
  json["alpha_ci95"] = value ? interval_of(alpha, *value, table.clusters, draws, rng.fork("alpha")) : Json();
  json["alpha_nominal"] = json_or_null(krippendorff_alpha(table.rows, MeasurementLevel::kNominal));
  json["alpha_interval"] = json_or_null(krippendorff_alpha(table.rows, MeasurementLevel::kInterval));
  const bool is_signed = std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) {
    return std::any_of(row.begin(), row.end(), [](const auto& rating) { return rating && *rating < 0; });
  });
  json["alpha_ratio"] =
      is_signed ? Json() : json_or_null(krippendorff_alpha(table.rows, MeasurementLevel::kRatio));
  if (!value)
    json["reason"] = table.rows.empty() ? "no item has two ratings"
                                        : "all ratings are equal, so chance would agree as well";
}

void add_kappa(Json& json, const RatingTable& table, int64_t draws, const Rng& rng) {
  json["kappa"] = json["kappa_ci95"] = json["kappa_kind"] = Json();
  if (table.raters.size() < 2) return;
  const FullRatings full = full_ratings(table);
  const bool is_cohen = table.raters.size() == 2;
  json["kappa_kind"] = is_cohen ? "cohen" : "fleiss";
  const Statistic kappa = [&](Weights weights) {
    return is_cohen ? cohen_kappa(full.by_rater[0], full.by_rater[1], weights)
                    : fleiss_kappa(full.counts, weights);
  };
  const auto value = kappa({});
  json["kappa"] = json_or_null(value);
  json["n_items_all_rated"] = full.counts.size();
  if (value)
    json["kappa_ci95"] = interval_of(kappa, *value, full.clusters, draws, rng.fork("kappa"));
  else if (!json.contains("reason"))
    json["reason"] = full.counts.empty() ? "kappa: no item was rated by all raters"
                                         : "kappa: one answer throughout, so chance would agree as well";
}

}  // namespace

Json agreement_json(const CollectedRatings& collected, const RatingsOfQuestion& ratings,
                    const std::string& language, int64_t draws, const Rng& rng) {
  const RatingTable table = table_of(collected, ratings, language);
  Json json = Json::object();
  add_alpha(json, table, draws, rng);
  add_kappa(json, table, draws, rng);
  json["n_items"] = table.rows.size();
  json["n_raters"] = table.raters.size();
  json["n_ratings"] = table.num_ratings;
  return json;
}

}  // namespace xlt
