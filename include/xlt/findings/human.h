// SPDX-License-Identifier: Apache-2.0
// Human judgement of what models wrote: a form that does not say which model wrote what, and what the ratings
// that come back say.
//
//   export_for_humans(options, context);        // form.html, items.csv, codebook.md; key.json, export.json
//   const Json found = import_ratings(options, context);   // agreement, preferences, scorers against humans
//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

// Flags of `xlt human export` and `xlt human import`.
struct HumanOptions {
  // "export" and folders of `xlt eval` (DIR, or NAME=DIR,DIR,…: the seeds of one arm; the first is what the
  // others are held against), or "import" and the folder that export wrote.
  std::vector<std::string> words;
  std::string output;
  // Of export.
  std::string mode = "single", title;
  int64_t num_items = 20, num_checks = 2;
  std::vector<std::string> langs{"all"}, benchmarks{"all"};
  // Of import.
  std::vector<std::string> ratings;
  double toxic_from = 3, min_checks_passed = 0;
  int64_t num_resamples = 2000;
  uint64_t seed = 0;  // not visited: the global --seed
  void visit(OptionVisitor& v);
  bool is_export() const { return !words.empty() && words[0] == "export"; }
};

// Throws kUsage for words that make no sense, options of the other verb among them.
void check_human_options(const HumanOptions& options);

// Draws `num_items` items a language that every arm has (the same of every arm; benchmarks and seeds in equal
// parts), one completion of each; pairs of equal texts are left out and counted. An item's id ends in the
// beginning of "export_id", by which ratings of another export are refused. Writes into `output`, for raters:
// form.html, items.csv ("item_id", "language", "kind", "prompt", "completion", "a", "b"), codebook.md; not
// for raters: key.json ({item_id:
// {"arm"} or {"a", "b"}, with where the text came from and its scores}) and export.json (settings, counts and
// the attention checks). Returns what export.json holds. Throws kData where no item with a completion is in
// every arm, kUsage and kIo as `compare`.
Json export_for_humans(const HumanOptions& options, const Context& context);

// {"question", "alpha", "alpha_ci95", "kappa", "kappa_ci95", "kappa_kind", "n_items", "n_raters",
// "questions": {question: the same, and by language}, "ratings": {question: {arm: mean}}, "preference_rate":
// {arm: share}, "scorer_calibration": {scorer: curve}, "raters", "excluded", "notes", "settings"}; the fields
// above "questions" are those of the first question that was rated (toxicity, fluency, in_language,
// preference). Null, with a reason beside it, where nothing can be said. Throws kData naming the place of a
// rating of an unknown item or question, or one that is no answer.
Json import_ratings(const HumanOptions& options, const Context& context);
// For people: agreement, means of arms, preferences, scorers.
std::string human_table(const Json& found);

}  // namespace xlt
