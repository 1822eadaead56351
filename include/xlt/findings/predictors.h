// SPDX-License-Identifier: Apache-2.0
// What may predict how a change in one language reaches another, and whether it does.
//
//   Json languages = language_predictors(options, comparison, texts, tokenizer, similarities);
//   Json found = correlate(options, comparison, std::move(languages), context);    // {"languages", "correlations", …}
//   write_predictors(found, options.output);                                       // predictors.json, predictors.csv
//
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/findings/parallel_texts.h"

namespace xlt {

class Tokenizer;

// Flags of `xlt predictors`.
struct PredictorsOptions {
  std::string compare, parallel, output, source = "en", mode = "corrected";
  std::vector<std::string> table;
  bool no_similarity = false;
  int64_t num_resamples = 2000;
  uint64_t seed = 0;  // not visited: the global --seed
  void visit(OptionVisitor& v);
  bool is_paper() const { return mode == "paper"; }
};

// Of one language, [layer]: the mean cosine of its sentences to the source's, and the share of them whose
// translation is the nearest of all the source's.
struct SentenceSimilarity {
  std::vector<double> cosine, retrieval;
};
using SentenceSimilarities = std::map<std::string, SentenceSimilarity>;

// Of each language but the source that the comparison or the text has: {"pretraining_share" (per cent of
// CC-MAIN-2024-30), "pretraining_share_aya" (per cent of the Aya collection), "fertility", "bytes_per_token",
// "single_token_words", "subword_overlap", "sentence_similarity": {layer: x, "mean"}, "retrieval_accuracy":
// the same, "typology": {"geo", "fam", "syntax_average"}} and a field a column of the user's tables; null
// where it is not known. Throws kData for a table without "language" or with a cell that is no number.
Json language_predictors(const PredictorsOptions& options, const Json& comparison, const ParallelTexts& texts,
                         const Tokenizer& tokenizer, const SentenceSimilarities& similarities);

// {"mode", "languages", "correlations": [{"target", "predictor", "given", "kind", "value", "ci95", "p_value",
// "p_holm", "n", "leave_one_out", "warning", "is_finding_possible"}], "settings"}. Target: change_relative of
// every arm and metric; is_finding_possible (not in paper mode): whether so few languages could be below 0.05
// after the correction, in whatever order; where it could not, p_value is no less than the chance of such an
// order (2 / n!);
// `value` is null, with a reason as warning, where a side is constant or too few languages have both.
Json correlate(const PredictorsOptions& options, const Json& comparison, Json languages,
               const Context& context);

void write_predictors(const Json& found, const std::filesystem::path& folder);

}  // namespace xlt
