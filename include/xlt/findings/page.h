// SPDX-License-Identifier: Apache-2.0
// One page that people look at: what evaluations, trainings and comparisons found, in a file that needs
// nothing else.
//
//   const Json page = page_data(options, context);   // all that the page shows
//   write_page(page, options);                        // the page, and its tables as CSV and LaTeX where asked for
//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

// Flags of `xlt report`.
struct PageOptions {
  // DIR: of `xlt eval`, `train`, `compare`, `predictors` or `sweep`, or a folder that holds such; a file that
  // one of the last wrote, or `xlt human import`; NAME=DIR,DIR,…: the seeds of one arm.
  std::vector<std::string> folders;
  std::string output = "report.html", csv, latex, title, source = "en";
  std::vector<std::string> metrics{"headline"}, allow;
  int64_t num_samples = 4;
  uint64_t seed = 0;  // not visited: the global --seed
  void visit(OptionVisitor& v);
};

// {"title", "made_by", "source", "summary": {"sentences", "facts": [[name, value]]}, "arms", "tables": {name:
// {"title", "columns", "rows"}}, "languages", "samples", "sources", "settings", "notes"}. Evaluations of two
// arms or more are compared here where no folder holds a comparison of them; where they cannot be, a note
// says why. Throws kIo for a folder that holds nothing of xlt's, kData for a file that is not what its name
// says, kUsage for a language that is none.
Json page_data(const PageOptions& options, const Context& context);

// The page with `data` in it.
std::string page_html(const Json& data);

// The page at `output`; with `csv` a file a table in that folder; with `latex` all tables in that file
// (booktabs).
void write_page(const Json& data, const PageOptions& options);

}  // namespace xlt
