// SPDX-License-Identifier: Apache-2.0
// The tables of a page: what its pictures are drawn from, and what --csv and --latex write.
#pragma once

#include "findings/page_inputs.h"

#include <string>
#include <vector>

namespace xlt {

// Rows are arrays, a value a column; null where there is none.
struct PageTable {
  std::string name, title;
  std::vector<std::string> columns;
  Json rows = Json::array();
  Json json() const;
};

// The rows of a comparison, as compare.csv has them.
PageTable changes_table(const Json& comparison);
// What a comparison left out, with its reason.
PageTable refused_table(const Json& comparison);
// Every cell's metrics that `metrics` asks for (headline, all, or names), of every run.
PageTable values_table(const std::vector<Arm>& arms, const std::vector<std::string>& metrics);
// How many items each cell has and scored (of any headline metric); a row a reason of the others.
PageTable coverage_table(const std::vector<Arm>& arms);
// The items that each metric asked for is not of, a row a reason; those of a cell's metric and its n make
// n_items.
PageTable left_out_table(const std::vector<Arm>& arms, const std::vector<std::string>& metrics);
// Agreement of scorers, where two or more judged.
PageTable agreement_table(const std::vector<Arm>& arms);
// metrics.jsonl of every training, a column a number; of long ones, rows at equal distances.
PageTable training_table(const std::vector<TrainingFolder>& trainings);
// Predictors of each language, and their correlations with change.
PageTable predictors_table(const std::vector<FoundFile>& files);
PageTable correlations_table(const std::vector<FoundFile>& files);

// Of what raters said: agreement, mean ratings, preferences, scorers beside them, and their calibration
// curves; those that have rows.
std::vector<PageTable> human_tables(const std::vector<FoundFile>& files);

std::string csv_of(const PageTable& table);
// A longtable with booktabs' rules.
std::string latex_of(const PageTable& table);

}  // namespace xlt
