// SPDX-License-Identifier: Apache-2.0
// Evaluations in the form of lm-evaluation-harness 0.4.13 (`lm_eval --output_path DIR --log_samples`), for
// what reads that. Its results join a comparison by CompareOptions::lm_eval.
//
//   write_lm_eval("out/after");     // out/after/models__gemma/results_2026-11-27T08-00-00.000000.json, samples_….jsonl
//
#pragma once

#include <filesystem>
#include <string>

#include "xlt/base/config.h"

namespace xlt {

// A flag of `xlt eval`: what is written beside its own report.
struct ReportFormat {
  std::string format = "xlt";
  void visit(OptionVisitor& v);
  bool is_lm_eval() const { return format == "lm-eval"; }
};

// Of the output folder of `xlt eval`: a task a benchmark and language ("rtp_lx_fr"), a filter a scoring and
// scorer ("corrected/word_list"), a metric as "name,filter" with a standard error that is its 95 % interval's
// half width over 1.96. A metric without a value is left out. A line of samples is an item under one filter,
// with the metrics that are a ratio of one item. Returns the results' file.
std::filesystem::path write_lm_eval(const std::filesystem::path& evaluation);

}  // namespace xlt
