// SPDX-License-Identifier: Apache-2.0
#include "findings/comparison_text.h"

#include "findings/refused_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "xlt/base/display_width.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/findings/compare.h"

namespace xlt {

namespace {

std::string title_of(const Json& row) {
  const std::string scorer = row.at("scorer").is_null() ? "" : "; " + row.at("scorer").get<std::string>();
  return str_cat(row.at("benchmark").get<std::string>(), ": ", row.at("metric").get<std::string>(), " (",
                 row.at("scoring").get<std::string>(), scorer, ")");
}

// "-2.20 [-2.71, -1.63] p 0.0002", with a star where p_holm is below 0.05.
std::string change_text(const Json& row) {
  // Of an arm that the base has nothing beside there is a value alone.
  if (row.at("change").is_null() && row.at("value").is_number())
    return "(" + value_text(row.at("value")) + ")";
  std::string text = value_text(row.at("change"), true);
  if (row.at("ci95").is_array())
    text +=
        str_cat(" [", value_text(row.at("ci95")[0], true), ", ", value_text(row.at("ci95")[1], true), "]");
  if (!row.at("p_holm").is_number()) return text;
  const double p = row.at("p_holm").get<double>();
  char number[32];
  std::snprintf(number, sizeof number, p < 0.0001 ? " p<0.0001" : " p=%.4f", p);
  return text + number + (p < 0.05 ? " *" : "");
}

}  // namespace

const Json* MetricBlock::find(const std::string& language, const std::string& arm) const {
  for (const Json* row : rows)
    if (row->at("language") == language && row->at("arm") == arm) return row;
  return nullptr;
}

std::vector<MetricBlock> blocks_of(const Json& comparison) {
  std::vector<MetricBlock> blocks;
  for (const Json& row : comparison.at("rows")) {
    const std::string title = title_of(row);
    if (blocks.empty() || blocks.back().title != title) blocks.push_back({title, {}, {}});
    blocks.back().rows.push_back(&row);
    auto& languages = blocks.back().languages;
    const auto language = row.at("language").get<std::string>();
    if (std::find(languages.begin(), languages.end(), language) == languages.end())
      languages.push_back(language);
  }
  for (MetricBlock& block : blocks)  // an arm may have languages that an earlier one lacks
    std::stable_partition(block.languages.begin(), block.languages.end(),
                          [](const std::string& language) { return language != "mean_others"; });
  return blocks;
}

std::vector<std::string> compared_arms(const Json& comparison) {
  std::vector<std::string> names;
  for (const Json& arm : comparison.at("arms"))
    if (!arm.at("is_base").get<bool>()) names.push_back(arm.at("name").get<std::string>());
  return names;
}

std::string line_name(const Json& row) {
  const auto language = row.at("language").get<std::string>();
  if (language != "mean_others") return language;
  return str_cat("mean of ", row.at("n_languages").get<int64_t>(), " others");
}

std::string count_text(const MetricBlock& block, const std::string& language, const std::string& dash) {
  std::set<int64_t> counts;
  for (const Json* row : block.rows)
    if (row->at("language") == language) counts.insert(row->at("n_items").get<int64_t>());
  const std::string least = std::to_string(*counts.begin());
  return counts.size() == 1 ? least : least + dash + std::to_string(*counts.rbegin());
}

std::string value_text(const Json& value, bool is_change) {
  if (!value.is_number()) return "-";
  const double number = value.get<double>(), size = std::abs(number);
  const int decimals = size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  char text[64];
  std::snprintf(text, sizeof text, is_change ? "%+.*f" : "%.*f", decimals, number);
  return text;
}

std::string comparison_table(const Json& comparison) {
  const auto arms = compared_arms(comparison);
  std::string text;
  for (const MetricBlock& block : blocks_of(comparison)) {
    std::vector<std::vector<std::string>> lines{{"language", "n", "base"}};
    lines[0].insert(lines[0].end(), arms.begin(), arms.end());
    for (const std::string& language : block.languages) {
      std::vector<std::string> line;
      for (const std::string& arm : arms) {
        const Json* row = block.find(language, arm);
        if (row && line.empty())
          line = {line_name(*row), count_text(block, language, "-"), value_text(row->at("base"))};
        // Arms before this one lack the row.
        if (row) line.resize(3 + static_cast<size_t>(&arm - arms.data()), "-");
        if (row || !line.empty()) line.push_back(row ? change_text(*row) : "-");
      }
      lines.push_back(std::move(line));
    }
    text += block.title + "\n" + join(aligned_lines(lines), "\n") + "\n\n";
  }
  const Json& refused = comparison.at("refused");
  if (!refused.empty())
    text += str_cat(refused.size(), refused.size() == 1 ? " row was" : " rows were",
                    " left out (\"refused\" in compare.json): ", refused_text(refused), "\n");
  return text + "change [95 % interval] p corrected for the number of all rows (Holm); * below 0.05\n";
}

}  // namespace xlt
