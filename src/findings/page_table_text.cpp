// SPDX-License-Identifier: Apache-2.0
// Tables of a page as CSV and LaTeX.
#include "findings/comparison_text.h"
#include "findings/page_tables.h"
#include "findings/table_text.h"

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
  std::string text;
  for (size_t c = 0; c < table.columns.size(); ++c)
    text += (c ? "," : "") + csv_field(Json(table.columns[c]));
  text += "\n";
  for (const Json& row : table.rows) {
    for (size_t c = 0; c < row.size(); ++c) text += (c ? "," : "") + csv_field(row[c]);
    text += "\n";
  }
  return text;
}

std::string latex_of(const PageTable& table) {
  std::string names, align;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    names += (c ? " & " : "") + latex_text(table.columns[c]);
    bool is_number = !table.rows.empty();
    for (const Json& row : table.rows) is_number = is_number && (row[c].is_number() || row[c].is_null());
    align += is_number ? 'r' : 'l';
  }
  const std::string head = "\\toprule\n" + names + " \\\\\n\\midrule\n";
  std::string text = "\\begin{longtable}{" + align + "}\n\\caption{" + latex_text(table.title) + "}\\\\\n" +
                     head + "\\endfirsthead\n" + head + "\\endhead\n\\bottomrule\n\\endlastfoot\n";
  for (const Json& row : table.rows) {
    for (size_t c = 0; c < row.size(); ++c) text += (c ? " & " : "") + latex_value(row[c]);
    text += " \\\\\n";
  }
  return text + "\\end{longtable}\n";
}

}  // namespace xlt
