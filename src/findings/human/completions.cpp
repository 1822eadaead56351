// SPDX-License-Identifier: Apache-2.0
#include "findings/human/completions.h"

#include <set>

#include "xlt/base/file.h"

namespace xlt {

namespace {

std::map<std::string, Json> scores_of(const JsonView& completion, const std::string& scorer) {
  std::map<std::string, Json> scores;
  if (completion.has("scores"))
    for (const std::string& name : completion.at("scores").keys())
      scores[name] = completion.value().at("scores").at(name);
  else if (completion.value().contains("score") && !scorer.empty())
    scores[scorer] = completion.value().at("score");
  return scores;
}

CompletedItem read_item(const JsonView& row) {
  CompletedItem item{row.get("prompt", ""), {}};
  if (row.has("completion") && row.value().at("completion").is_string())
    item.completions.push_back({row.at("completion").as_string(), {}});
  if (!row.has("completions") || !row.value().at("completions").is_array()) return item;
  const JsonView completions = row.at("completions");
  for (size_t i = 0; i < completions.size(); ++i)
    if (completions.at(i).value().is_object() && completions.at(i).has("text"))
      item.completions.push_back(
          {completions.at(i).at("text").as_string(), scores_of(completions.at(i), row.get("scorer", ""))});
  return item;
}

}  // namespace

std::map<std::string, CompletedItems> completed_items(const EvaluationFolder& folder) {
  std::map<std::string, CompletedItems> found;
  std::set<fs::path> seen;
  for (const auto& [name, cell] : folder.cells()) {
    const fs::path& file = folder.items_file(name);
    if (!seen.insert(file).second || !fs::exists(file)) continue;
    LineReader lines(file);
    while (const auto line = lines.next()) {
      const Json json = parse_json(*line, lines.place());
      const JsonView row(json, lines.place());
      CompletedItem item = read_item(row);
      if (item.completions.empty()) continue;  // a prompt that was not asked, or another kind of benchmark
      found[name.language][{name.benchmark, row.at("id").as_string()}] = std::move(item);
    }
  }
  return found;
}

}  // namespace xlt
