// SPDX-License-Identifier: Apache-2.0
// Makes the items of one benchmark in one language, or takes them from an earlier run; a failure stays in its
// cell.
#pragma once

#include "eval/cell_settings.h"
#include "eval/cell_store.h"
#include "eval/report.h"

#include <optional>
#include <string>

#include "xlt/base/error.h"

namespace xlt {

struct CellOutcome {
  CellWork work;
  std::string reason;                  // why there are no items
  std::optional<CellFailure> failure;  // where the reason is a fault
  bool was_computed = false;           // not taken from an earlier run
};

class CellRun {
 public:
  CellRun(const EvalServices& services, const EvalOptions& options, CellSettings& settings,
          const Context& context)
      : services_(services),
        options_(options),
        settings_(settings),
        context_(context),
        store_(options.output) {}
  // Throws kInterrupted alone.
  CellOutcome run(const CellPlan& plan);

 private:
  void make_items(const CellPlan& plan, CellOutcome& outcome);
  void note_failure(const CellPlan& plan, ErrorKind kind, const std::string& message,
                    CellOutcome& outcome) const;
  CellWork scored(const CellPlan& plan, const std::string& completions_key);
  const EvalServices& services_;
  const EvalOptions& options_;
  CellSettings& settings_;
  const Context& context_;
  CellStore store_;
};

}  // namespace xlt
