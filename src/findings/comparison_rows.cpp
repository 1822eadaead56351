// SPDX-License-Identifier: Apache-2.0
#include "findings/comparison_rows.h"

#include "findings/page_rows.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "xlt/base/json_or_null.h"
#include "xlt/base/language.h"
#include "xlt/base/registry.h"
#include "xlt/eval/metric_list.h"
#include "xlt/eval/paired_items.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {

constexpr const char* kMeanOthers = "mean_others";

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

// The smallest change that a test at 0.05 finds with a power of 0.8. Where nothing moved the standard error
// is 0, and what the interval says of its scale stands for it.
Json minimum_detectable(const ChangeEstimate& estimate) {
  const double z = normal_quantile(0.975), reach = z + normal_quantile(0.8);
  if (estimate.standard_error) return reach * *estimate.standard_error;
  if (estimate.ci95) return reach * (estimate.ci95->high - estimate.ci95->low) / (2 * z);
  return Json();
}

// |value − ideal| after, less before, mean over languages; nothing without an ideal.
Json distance_change(const MetricSpec& spec, std::span<const PairedItems> languages) {
  if (!spec.ideal) return Json();
  double sum = 0;
  const auto distance = [&](const std::vector<RatioTable>& runs) {
    double value = 0;
    for (const RatioTable& run : runs) value += value_of(spec, run) / static_cast<double>(runs.size());
    return std::abs(value - *spec.ideal);
  };
  for (const PairedItems& language : languages) sum += distance(language.after) - distance(language.before);
  return number_or_null(sum / static_cast<double>(languages.size()));
}

// A metric of a benchmark under one scoring and scorer, in several languages.
struct MetricName {
  CellName cell;  // without its language
  std::string metric;
  Json json(const std::string& language, const std::string& arm) const {
    return Json{{"benchmark", cell.benchmark},
                {"language", language},
                {"scoring", cell.scoring},
                {"scorer", cell.scorer.empty() ? Json() : Json(cell.scorer)},
                {"metric", metric},
                {"arm", arm}};
  }
};

// One arm's languages of a metric, paired with the base's.
struct PairedLanguages {
  MetricSpec spec;
  std::vector<std::string> names;
  std::vector<PairedItems> items;
};

class RowWriter {
 public:
  RowWriter(const std::vector<Arm>& arms, const CompareOptions& options, Json& rows, Json& refused)
      : arms_(arms), options_(options), rows_(rows), refused_(refused) {}

  void write(const MetricName& name, const std::vector<std::string>& languages) {
    for (size_t a = 1; a < arms_.size(); ++a) {
      PairedLanguages paired;
      for (const std::string& language : languages) add_language(name, language, arms_[a], paired);
      for (size_t l = 0; l < paired.names.size(); ++l)
        rows_.push_back(
            row(name, paired.names[l], arms_[a], paired.spec, std::span(paired.items).subspan(l, 1)));
      PairedLanguages others{paired.spec, {}, {}};
      for (size_t l = 0; l < paired.names.size(); ++l) {
        if (primary_language(paired.names[l]) == primary_language(options_.source)) continue;
        others.names.push_back(paired.names[l]);
        others.items.push_back(std::move(paired.items[l]));
      }
      if (others.names.empty()) continue;
      Json mean = row(name, kMeanOthers, arms_[a], others.spec, others.items);
      mean["languages"] = others.names;
      rows_.push_back(std::move(mean));
    }
  }

  // What a cell lacks before any metric is looked at.
  void refuse_cell(const CellName& cell, const std::string& arm, const std::string& reason) {
    Json json = MetricName{cell, ""}.json(cell.language, arm);
    json.erase("metric");
    json["reason"] = reason;
    refused_.push_back(std::move(json));
  }

 private:
  void refuse(const MetricName& name, const std::string& language, const Arm& arm,
              const std::string& reason) {
    Json json = name.json(language, arm.name);
    json["reason"] = reason;
    refused_.push_back(std::move(json));
  }

  // Adds the language to `paired`, or the reason why it cannot be to `refused`.
  void add_language(const MetricName& name, const std::string& language, const Arm& arm,
                    PairedLanguages& paired) {
    CellName cell = name.cell;
    cell.language = language;
    std::vector<RatioTable> sides[2];
    MetricSpec spec;
    for (const Arm* side : {&arms_[0], &arm})
      for (const EvaluationFolder& seed : side->seeds) {
        const auto found = seed.cells().find(cell);
        if (found == seed.cells().end()) return;  // refused as a cell
        const Json& metrics = found->second->at("metrics");
        if (!metrics.contains(name.metric))
          return refuse(name, language, arm, "no such metric in " + seed.path().string());
        const Json& metric = metrics.at(name.metric);
        if (metric.at("value").is_null())
          return refuse(name, language, arm,
                        str_cat("not measured in ", seed.path().string(), ": ",
                                metric.value("reason", "no reason was given")));
        spec = seed.metric(cell, name.metric);
        sides[side != &arms_[0]].push_back(seed.table(cell, spec));
      }
    PairedItems items = pair_items(sides[0], sides[1]);
    if (items.num_items() == 0)
      return refuse(name, language, arm, "no item was measured in every run of both");
    for (const auto* side : {&items.before, &items.after})
      for (const RatioTable& run : *side)
        if (!std::isfinite(value_of(spec, run)))
          return refuse(name, language, arm, "undefined on the items that every run measured");
    paired.spec = spec;
    paired.names.push_back(language);
    paired.items.push_back(std::move(items));
  }

  Json row(const MetricName& name, const std::string& language, const Arm& arm, const MetricSpec& spec,
           std::span<const PairedItems> languages) {
    // Draws of ids are shared by languages, metrics and arms: what is compared saw the same resamples.
    const Rng rng = Rng(options_.seed).fork("compare").fork(name.cell.benchmark);
    const ChangeEstimate estimate = estimate_change(spec, languages, options_.num_resamples, rng);
    const auto p =
        change_p_value(spec, languages, options_.num_permutations,
                       rng.fork("permutations")
                           .fork(str_cat(name.cell.text(), "/", name.metric, "/", language, "/", arm.name)));
    const double change = estimate.after - estimate.before;
    Json json = name.json(language, arm.name);
    json["n_items"] = estimate.num_items;
    json["n_seeds"] = arm.seeds.size();
    json["base"] = number_or_null(estimate.before);
    json["value"] = number_or_null(estimate.after);
    json["change"] = number_or_null(change);
    json["change_relative"] = estimate.before != 0 ? number_or_null(change / estimate.before) : Json();
    json["ci95"] = estimate.ci95 ? Json::array({estimate.ci95->low, estimate.ci95->high}) : Json();
    json["p_value"] = p ? Json(p->p_value) : Json();
    json["p_is_exact"] = p ? Json(p->is_exact) : Json();
    json["p_holm"] = Json();
    json["q_bh"] = Json();
    json["mde"] = minimum_detectable(estimate);
    json["distance_from_ideal_change"] = distance_change(spec, languages);
    json["higher_is_better"] = json_or_null(spec.higher_is_better);
    const MetricRange range = metric_range(spec);
    json["range"] = Json::array({json_or_null(range.low), json_or_null(range.high)});
    json["n_ids"] = estimate.num_ids;
    json["n_languages"] = languages.size();
    return json;
  }

  const std::vector<Arm>& arms_;
  const CompareOptions& options_;
  Json &rows_, &refused_;
};

// Languages in the order of tables: the source, then the others by tag.
std::vector<std::string> ordered(const std::set<std::string>& languages, const std::string& source) {
  std::vector<std::string> result(languages.begin(), languages.end());
  std::stable_partition(result.begin(), result.end(), [&](const std::string& language) {
    return primary_language(language) == primary_language(source);
  });
  return result;
}

// The metrics that were asked for, of the base's cells of one benchmark, scoring and scorer; in their order.
std::vector<std::string> metrics_of(const std::vector<const Json*>& cells,
                                    const std::vector<std::string>& asked) {
  std::vector<std::string> names;
  for (const Json* cell : cells) {
    const Json headline = cell->value("headline", Json());
    for (const auto& [name, metric] : cell->at("metrics").items())
      if (is_metric_asked(asked, headline, name) &&
          std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
  }
  return names;
}

// A name that no report has, misspelt perhaps, would compare nothing and say nothing.
void check_metric_names(const std::vector<Arm>& arms, const std::vector<std::string>& asked) {
  std::set<std::string> known{"all", "headline"};
  for (const Arm& arm : arms)
    for (const EvaluationFolder& seed : arm.seeds)
      for (const auto& [name, cell] : seed.cells())
        for (const auto& [metric, value] : cell->at("metrics").items()) known.insert(metric);
  for (const std::string& name : asked)
    if (!known.contains(name)) throw_unknown_name("metric (--metrics)", name, {known.begin(), known.end()});
}

// Cells of any run under the scoring that was asked for, with the language left out, and the languages of
// each.
std::map<CellName, std::set<std::string>> groups_of(const std::vector<Arm>& arms,
                                                    const std::string& scoring) {
  std::map<CellName, std::set<std::string>> groups;
  for (const Arm& arm : arms)
    for (const EvaluationFolder& seed : arm.seeds)
      for (const auto& [name, cell] : seed.cells()) {
        if (scoring != "both" && name.scoring != scoring) continue;
        CellName group = name;
        group.language.clear();
        groups[group].insert(name.language);
      }
  return groups;
}

}  // namespace

void add_rows(const std::vector<Arm>& arms, const CompareOptions& options, const Context& context, Json& rows,
              Json& refused) {
  check_metric_names(arms, options.metrics);
  RowWriter writer(arms, options, rows, refused);
  const auto groups = groups_of(arms, options.scoring);
  Progress progress = context.progress("comparing", std::ssize(groups), "tables");
  std::string benchmark;
  for (const auto& [group, found] : groups) {
    context.throw_if_interrupted();
    if (group.benchmark != benchmark)
      for (const Arm& arm : arms)
        for (const EvaluationFolder& seed : arm.seeds) seed.forget_items();
    benchmark = group.benchmark;
    const auto languages = ordered(found, options.source);
    std::vector<const Json*> cells;
    for (const std::string& language : languages) {
      CellName cell = group;
      cell.language = language;
      for (const Arm& arm : arms)
        for (const EvaluationFolder& seed : arm.seeds) {
          const auto place = seed.cells().find(cell);
          if (place == seed.cells().end())
            writer.refuse_cell(cell, arm.name, "no such cell in " + seed.path().string());
          else
            cells.push_back(place->second);
        }
    }
    for (const std::string& metric : metrics_of(cells, options.metrics))
      writer.write({group, metric}, languages);
    progress.advance(1, group.benchmark);
  }
}

}  // namespace xlt
