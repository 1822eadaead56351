// SPDX-License-Identifier: Apache-2.0
// report.json, typed: cells, failures and what stands above them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/eval/benchmark.h"

namespace xlt {

// A benchmark in a language, under one way of scoring and (where it asks any) one scorer.
struct Cell {
  std::string benchmark, language;
  Scoring scoring = Scoring::kCorrected;
  std::string scorer, scorer_hash;    // empty: nobody judges
  std::string note;                   // what a reader must know of its figures; may be empty
  Json card;                          // ScorerCards::of; null: none was given
  Json settings;                      // CellSettings::of
  Json measures;                      // n_items, n_scored, unscored, metrics (reduce_cell)
  std::vector<std::string> headline;  // metrics that tables show
  std::string reason;                 // why nothing was measured; empty: something was tried
  Json change;                        // metric → PairedChange; null: no baseline
  std::string change_reason;          // why there is none beside a baseline
  double seconds = 0;
  int64_t num_tokens = 0;
  Json to_json() const;
};

// A cell that failed while the others went on.
struct CellFailure {
  std::string benchmark, language, kind, message;
  Json to_json() const;
};

enum class ReportStatus { kRunning, kDone, kFailedCells, kInterrupted };
const char* name_of(ReportStatus status);  // "running", "done", "failed_cells", "interrupted"

struct Report {
  ReportStatus status = ReportStatus::kRunning;
  Json header;  // config, code, env, seeds, model: what `run` knows
  std::vector<Cell> cells;
  std::vector<CellFailure> failures;
  std::optional<Json> transfer;  // TransferSummary; nothing without a baseline
  Json allowed = Json::array();  // differences from the baseline that --allow let pass
  Json coverage, panel;          // with two scorers or more, else null
  Json to_json() const;
};

}  // namespace xlt
