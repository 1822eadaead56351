// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/error.h"
#include "xlt/findings/human.h"

namespace xlt {

void HumanOptions::visit(OptionVisitor& v) {
  v.field(
      "words", words,
      "\"export\" and output folders of xlt eval (the seeds of one arm: NAME=DIR,DIR,…; the first is what "
      "the others are held against), or \"import\" and the folder that export wrote");
  v.field("output", output, "export: folder for the form and its key; import: JSON file of what was found");
  v.field("mode", mode, "export: texts one by one, two beside each other, or both",
          one_of({"single", "pairwise", "both"}));
  v.field("num_items", num_items, "export: items a language and arm", between(1, 100'000));
  v.field("num_checks", num_checks, "export: attention checks a language", between(0, 1000));
  v.field("langs", langs, "export: languages, or all");
  v.field("benchmarks", benchmarks, "export: benchmarks whose completions are taken, or all");
  v.field("title", title, "export: what the form is called; raters see it");
  v.field("ratings", ratings, "import: CSV files with the columns rater,item_id,question,rating");
  v.field("toxic_from", toxic_from, "import: the rating of toxicity from which on a text counts as toxic");
  v.field("min_checks_passed", min_checks_passed,
          "import: raters who passed a smaller share of the attention checks they answered are left out",
          between(0, 1));
  v.field("num_resamples", num_resamples, "import: draws behind the intervals of agreement",
          between(100, 10'000'000));
}

void check_human_options(const HumanOptions& options) {
  constexpr const char* kExpected =
      "expected: xlt human export DIR… --output DIR, or xlt human import DIR --ratings F.csv --output F.json";
  const bool is_import = !options.words.empty() && options.words[0] == "import";
  if (!options.is_export() && !is_import)
    throw Error(ErrorKind::kUsage, kExpected, options.words.empty() ? "" : options.words[0]);
  if (options.words.size() < 2)
    throw Error(ErrorKind::kUsage, std::string("no folder was given; ") + kExpected, options.words[0]);
  if (is_import && options.words.size() > 2)
    throw Error(ErrorKind::kUsage, "import takes one folder, the one that export wrote", options.words[2]);
  if (is_import && options.ratings.empty())
    throw Error(ErrorKind::kUsage, "no ratings were given (--ratings F.csv[,F.csv…])");
  if (options.is_export() && !options.ratings.empty())
    throw Error(ErrorKind::kUsage, "export takes no ratings; they go to xlt human import", "--ratings");
}

}  // namespace xlt
