// SPDX-License-Identifier: Apache-2.0
// What `xlt predictors` is asked, and the files that it leaves; what it finds is correlate.cpp's.
#include "xlt/findings/predictors.h"

#include "findings/page_tables.h"

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

void write_predictors(const Json& found, const fs::path& folder) {
  make_folders(folder);
  write_file(folder / "predictors.csv", csv_of(correlations_table({{folder / "predictors.json", found}})));
  write_file(folder / "predictors.json", dump_json(found, 1) + "\n");  // last: where it is, both are
}

void PredictorsOptions::visit(OptionVisitor& v) {
  v.field("compare", compare, "compare.json of xlt compare, or its folder: the changes");
  v.field(
      "parallel", parallel,
      "folder of the same texts in several languages: {lang}.jsonl (rows \"id\", \"text\"), {lang}.txt, or "
      "Tatoeba's {lang}.tsv (a text and its English)");
  v.field("table", table, "predictors of your own: CSV files, column \"language\" and one a predictor");
  v.field("output", output, "where predictors.json and predictors.csv go");
  v.field("source", source, "language of the finetuning");
  v.field("mode", mode,
          "corrected, or paper: the published definitions (overlap with BOS, rows three times, Pearson's p "
          "under Spearman's "
          "name, no correction)",
          one_of({"corrected", "paper"}));
  v.field(
      "no_similarity", no_similarity,
      "leave out the similarity and the retrieval of sentences, which take a pass of the model over them");
  v.field("num_resamples", num_resamples, "draws behind every interval", between(100, 1'000'000));
}

}  // namespace xlt
