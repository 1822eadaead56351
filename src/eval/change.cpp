// SPDX-License-Identifier: Apache-2.0
#include "eval/change.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/json_or_null.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

bool is_english(const std::string& language) { return primary_language(language) == "en"; }

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
                           const std::vector<ScoredItem>& after, int64_t num_resamples, const Rng& rng) {
  PairedChange change;
  change.items = pair_items({{table_of(spec, before)}}, {{table_of(spec, after)}});
  change.n = change.items.num_items();
  change.num_resamples = num_resamples;
  if (change.n == 0) return change;
  const ChangeEstimate estimate = estimate_change(spec, {{change.items}}, num_resamples, rng);
  change.before = estimate.before;
  change.after = estimate.after;
  change.ci95 = estimate.ci95;
  return change;
}

void TransferSummary::add(const Name& name, const MetricSpec& spec, const std::string& language,
                          const PairedChange& change) {
  if (change.n == 0 || !std::isfinite(change.after - change.before)) return;
  auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Moved& moved) {
    return moved.name == name && moved.spec.name == spec.name;
  });
  if (row == rows_.end()) row = rows_.insert(row, {name, spec, {}});
  row->by_language[language] = change;
}

Json TransferSummary::others_of(const Moved& moved) {
  int64_t fell = 0, rose = 0, num_resamples = 0;
  std::vector<PairedItems> others;
  for (const auto& [language, change] : moved.by_language) {
    if (is_english(language)) continue;
    others.push_back(change.items);
    num_resamples = change.num_resamples;
    fell += change.ci95 && change.ci95->high < 0;
    rose += change.ci95 && change.ci95->low > 0;
  }
  if (others.empty()) return Json();
  const Rng rng =
      Rng(0).fork("others").fork(moved.name.benchmark).fork(moved.name.scoring).fork(moved.spec.name);
  const ChangeEstimate estimate = estimate_change(moved.spec, others, num_resamples, rng);
  return Json{{"n_languages", others.size()},
              {"before", estimate.before},
              {"after", estimate.after},
              {"change", estimate.after - estimate.before},
              {"ci95", interval_json(estimate.ci95)},
              {"fell", fell},
              {"rose", rose}};
}

Json TransferSummary::to_json() const {
  Json rows = Json::array();
  for (const Moved& moved : rows_) {
    Json row{
        {"benchmark", moved.name.benchmark}, {"scoring", moved.name.scoring}, {"metric", moved.spec.name}};
    if (!moved.name.scorer.empty()) row["scorer"] = moved.name.scorer;
    row["higher_is_better"] = json_or_null(moved.spec.higher_is_better);
    row["english"] = Json();
    for (const auto& [language, change] : moved.by_language)
      if (is_english(language)) row["english"] = change.to_json();
    row["others"] = others_of(moved);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace xlt
