// SPDX-License-Identifier: Apache-2.0
// What people see while an evaluation runs: one bar over all cells, a line a minute where no bar is drawn,
// one line for all languages without data.
#pragma once

#include "eval/plan.h"

#include <string>
#include <vector>

namespace xlt {

class EvaluationLog {
 public:
  EvaluationLog(const std::vector<CellPlan>& plan, const Context& context);
  void begin(const CellPlan& cell);
  void end(const CellPlan& cell);
  void finish(int64_t num_failed);

 private:
  void say_what_is_missing(const std::vector<CellPlan>& plan) const;
  std::string standing() const;  // "12 of 60 cells, 0.40 cells/s, 2:00 left"
  const Context& context_;
  int64_t total_, done_ = 0;
  double begun_, said_;
  Progress progress_;
};

}  // namespace xlt
