// SPDX-License-Identifier: Apache-2.0
// What the tables of a page are made from: runs, their cells, and fields that may not be there.
#pragma once

#include "findings/arm.h"

#include <string>
#include <vector>

#include "xlt/base/json_or_null.h"

namespace xlt {

// A field's text; empty where there is none.
std::string text_of(const Json& object, const std::string& key);
// One end of an interval [low, high]; null where there is none.
Json end_of(const Json& interval, size_t index);

// "out/dpo/" → "dpo".
std::string name_of_run(const EvaluationFolder& folder);
// How a row of a cell begins: arm, run, benchmark, language, scoring, scorer (or null).
Json cell_row(const Arm& arm, const std::string& run, const CellName& name);
// Whether `asked` (headline, all, or names) names this metric of a cell whose headline metrics these are.
bool is_metric_asked(const std::vector<std::string>& asked, const Json& headline, const std::string& metric);

// Calls visit(arm, name of the run, its folder) for every run of every arm.
template <typename Visit>
void for_each_run(const std::vector<Arm>& arms, const Visit& visit) {
  for (const Arm& arm : arms)
    for (const EvaluationFolder& seed : arm.seeds) visit(arm, name_of_run(seed), seed);
}

// Calls visit(arm, name of the run, name of the cell, cell, name of the metric, its JSON) for every metric
// that is asked for.
template <typename Visit>
void for_each_metric(const std::vector<Arm>& arms, const std::vector<std::string>& asked,
                     const Visit& visit) {
  for_each_run(arms, [&](const Arm& arm, const std::string& run, const EvaluationFolder& folder) {
    for (const auto& [name, cell] : folder.cells()) {
      const Json headline = value_or_null(*cell, "headline");
      for (const auto& [metric, entry] : cell->at("metrics").items())
        if (is_metric_asked(asked, headline, metric)) visit(arm, run, name, *cell, metric, entry);
    }
  });
}

}  // namespace xlt
