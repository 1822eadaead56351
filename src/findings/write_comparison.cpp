// SPDX-License-Identifier: Apache-2.0
// A comparison as files: JSON, CSV, and LaTeX with booktabs.
#include "findings/comparison_text.h"
#include "findings/page_tables.h"
#include "findings/table_text.h"

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/findings/compare.h"

namespace xlt {

namespace {

// A number in mathematics, so that its minus is one.
std::string math(const Json& value, bool is_change) {
  return value.is_number() ? "$" + value_text(value, is_change) + "$" : "--";
}

// "$-2.20$ {\footnotesize [$-2.71$, $-1.63$]}", bold where p_holm is below 0.05.
std::string latex_change(const Json& row) {
  std::string text = math(row.at("change"), true);
  if (row.at("p_holm").is_number() && row.at("p_holm").get<double>() < 0.05)
    text = "\\textbf{\\boldmath" + text + "}";
  if (!row.at("ci95").is_array()) return text;
  return text + " {\\footnotesize [" + math(row.at("ci95")[0], true) + ", " + math(row.at("ci95")[1], true) +
         "]}";
}

std::string latex_block(const MetricBlock& block, const std::vector<std::string>& arms) {
  std::string text =
      "\\begin{table}\n\\centering\n\\caption{" + latex_text(block.title) +
      ". Change from the base, with its 95\\,\\% interval; bold: $p < 0.05$ after Holm's correction.}\n"
      "\\begin{tabular}{lrr" +
      std::string(arms.size(), 'l') + "}\n\\toprule\nlanguage & $n$ & base";
  for (const std::string& arm : arms) text += " & " + latex_text(arm);
  text += " \\\\\n\\midrule\n";
  for (const std::string& language : block.languages) {
    const Json* known = nullptr;
    for (const std::string& arm : arms)
      if (!known) known = block.find(language, arm);
    if (language == "mean_others") text += "\\midrule\n";
    text += str_cat(latex_text(line_name(*known)), " & ", count_text(block, language, "--"), " & ",
                    math(known->at("base"), false));
    for (const std::string& arm : arms) {
      const Json* row = block.find(language, arm);
      text += " & " + (row ? latex_change(*row) : std::string("--"));
    }
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

std::string latex_of(const Json& comparison) {
  std::string text = "% Written by xlt compare; needs \\usepackage{booktabs}\n";
  for (const MetricBlock& block : blocks_of(comparison))
    text += "\n" + latex_block(block, compared_arms(comparison));
  return text;
}

}  // namespace

void write_comparison(const Json& comparison, const fs::path& folder) {
  make_folders(folder);
  write_file(folder / "compare.csv", csv_of(changes_table(comparison)));
  write_file(folder / "compare.tex", latex_of(comparison));
  write_file(folder / "compare.json", dump_json(comparison, 1) + "\n");  // last: where it is, all are
}

}  // namespace xlt
