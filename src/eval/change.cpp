// SPDX-License-Identifier: Apache-2.0
#include "eval/change.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

bool is_english(const std::string& language) { return primary_language(language) == "en"; }

// The middle 95 % of numbers already drawn.
std::optional<Interval> interval_of(std::vector<double> values) {
  std::erase_if(values, [](double x) { return !std::isfinite(x); });
  if (values.size() < 2) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto at = [&](double p) {
    const double place = p * static_cast<double>(values.size() - 1);
    const auto low = static_cast<size_t>(place);
    const size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
  };
  return Interval{at(0.025), at(0.975)};
}

}  // namespace

Json PairedChange::to_json() const {
  if (n == 0) return Json();
  return Json{{"before", number_or_null(before)},
              {"after", number_or_null(after)},
              {"change", number_or_null(after - before)},
              {"ci95", interval_json(ci95)},
              {"n", n}};
}

PairedChange paired_change(const MetricSpec& spec, const std::vector<ScoredItem>& before,
                           const std::vector<ScoredItem>& after, int64_t bootstrap_samples, const Rng& rng) {
  std::map<std::string, const ScoredItem*> by_id;
  for (const ScoredItem& item : before)
    if (has_ratio(spec, item)) by_id[item.id] = &item;
  std::vector<ScoredItem> shared_before, shared_after;
  for (const ScoredItem& item : after) {
    const auto found = by_id.find(item.id);
    if (found == by_id.end() || !has_ratio(spec, item)) continue;
    shared_before.push_back(*found->second);
    shared_after.push_back(item);
  }
  PairedChange change;
  if (shared_after.empty()) return change;
  const RatioTable a = table_of(spec, shared_before), b = table_of(spec, shared_after);
  change.n = static_cast<int64_t>(a.size());
  change.before = value_of(spec, a, all_of(a));
  change.after = value_of(spec, b, all_of(b));
  change.ci95 = bootstrap_ci95(
      change.n,
      [&](std::span<const int64_t> drawn) {
        change.replicates.push_back(value_of(spec, b, drawn) - value_of(spec, a, drawn));
        return change.replicates.back();
      },
      rng, bootstrap_samples);
  return change;
}

void TransferSummary::add(const std::string& benchmark, const std::string& scoring, const MetricSpec& spec,
                          const std::string& language, const PairedChange& change) {
  if (change.n == 0 || !std::isfinite(change.after - change.before)) return;
  auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Moved& moved) {
    return moved.benchmark == benchmark && moved.scoring == scoring && moved.metric == spec.name;
  });
  if (row == rows_.end()) row = rows_.insert(row, {benchmark, scoring, spec.name, spec.higher_is_better, {}});
  row->by_language[language] = change;
}

Json TransferSummary::others_of(const Moved& moved) {
  int64_t count = 0, fell = 0, rose = 0;
  double before = 0, after = 0;
  std::vector<double> sums;
  bool has_interval = true;
  for (const auto& [language, change] : moved.by_language) {
    if (is_english(language)) continue;
    ++count;
    before += change.before;
    after += change.after;
    fell += change.ci95 && change.ci95->high < 0;
    rose += change.ci95 && change.ci95->low > 0;
    has_interval = has_interval && !change.replicates.empty();
    sums.resize(std::max(sums.size(), change.replicates.size()));
    for (size_t r = 0; r < change.replicates.size(); ++r) sums[r] += change.replicates[r];
  }
  if (count == 0) return Json();
  const auto languages = static_cast<double>(count);
  for (double& sum : sums) sum /= languages;
  return Json{{"n_languages", count},
              {"before", before / languages},
              {"after", after / languages},
              {"change", (after - before) / languages},
              {"ci95", has_interval ? interval_json(interval_of(std::move(sums))) : Json()},
              {"fell", fell},
              {"rose", rose}};
}

Json TransferSummary::to_json() const {
  Json rows = Json::array();
  for (const Moved& moved : rows_) {
    Json row{{"benchmark", moved.benchmark}, {"scoring", moved.scoring}, {"metric", moved.metric}};
    row["higher_is_better"] = moved.higher_is_better ? Json(*moved.higher_is_better) : Json();
    row["english"] = Json();
    for (const auto& [language, change] : moved.by_language)
      if (is_english(language)) row["english"] = change.to_json();
    row["others"] = others_of(moved);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace xlt
