// SPDX-License-Identifier: Apache-2.0
// Tables of a page as CSV and LaTeX.
#include "findings/comparison_text.h"
#include "findings/page_tables.h"
#include "findings/table_text.h"

#include "xlt/base/join.h"
#include "xlt/base/quoting.h"

namespace xlt {

namespace {

// A number in mathematics, so that its minus is one; as many digits as mean something, counts as they are.
std::string latex_value(const Json& value) {
  if (value.is_null()) return "--";
  if (value.is_number_integer()) return dump_json(value);
  if (value.is_number()) return "$" + value_text(value) + "$";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return latex_text(value.is_string() ? value.get<std::string>() : dump_json(value));
}

}  // namespace

std::string csv_of(const PageTable& table) {
  std::string text =
      join(table.columns, ",", [](const std::string& column) { return csv_field(Json(column)); }) + "\n";
  for (const Json& row : table.rows) text += join(row, ",", csv_field) + "\n";
  return text;
}

std::string latex_of(const PageTable& table) {
  std::string align;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    bool is_number = !table.rows.empty();
    for (const Json& row : table.rows) is_number = is_number && (row[c].is_number() || row[c].is_null());
    align += is_number ? 'r' : 'l';
  }
  const std::string head = "\\toprule\n" + join(table.columns, " & ", latex_text) + " \\\\\n\\midrule\n";
  std::string text = "\\begin{longtable}{" + align + "}\n\\caption{" + latex_text(table.title) + "}\\\\\n" +
                     head + "\\endfirsthead\n" + head + "\\endhead\n\\bottomrule\n\\endlastfoot\n";
  for (const Json& row : table.rows) text += join(row, " & ", latex_value) + " \\\\\n";
  return text + "\\end{longtable}\n";
}

}  // namespace xlt
