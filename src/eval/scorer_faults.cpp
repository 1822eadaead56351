// SPDX-License-Identifier: Apache-2.0
#include "eval/scorer_faults.h"

#include <algorithm>
#include <map>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/join.h"

namespace xlt {

namespace {

constexpr const char* kScored = "scored";  // of an item's texts, how many

using Counts = std::map<std::string, int64_t>;  // by reason

std::string counts_text(const Counts& counts) {
  std::string text;
  for (const auto& [reason, count] : counts) append_item(text, str_cat(reason, " (", count, ")"));
  return text;
}

bool has_score(const ScorerPart& part) {
  const auto scored = part.ratios.find(kScored);
  return scored != part.ratios.end() && scored->second.numerator > 0;
}

// What a scorer said of items of which it scored none; empty: it scored one, or did nothing wrong.
Counts failure_of(const std::string& scorer, const std::vector<ScoredItem>& items) {
  Counts faults;
  for (const ScoredItem& item : items) {
    const auto part = item.by_scorer.find(scorer);
    if (part == item.by_scorer.end()) continue;
    if (has_score(part->second)) return {};
    if (is_fault(part->second.unscored.code)) ++faults[part->second.unscored.text()];
  }
  return faults;
}

}  // namespace

std::string faults_text(const std::vector<std::vector<ScoreResult>>& results) {
  Counts faults;
  int64_t num_faults = 0, num_texts = 0;
  for (const auto& of_item : results)
    for (const ScoreResult& result : of_item) {
      ++num_texts;
      const auto* unscored = std::get_if<Unscored>(&result);
      if (!unscored || !is_fault(unscored->code)) continue;
      ++num_faults;
      ++faults[unscored->text()];
    }
  if (faults.empty()) return "";
  return str_cat(num_faults, " of ", num_texts, " texts have no score: ", counts_text(faults));
}

std::string take_out_failed_scorers(std::vector<ScoredItem>& items) {
  std::set<std::string> scorers;
  for (const ScoredItem& item : items)
    for (const auto& [name, part] : item.by_scorer) scorers.insert(name);
  std::string text;
  for (const std::string& name : scorers) {
    const Counts faults = failure_of(name, items);
    if (faults.empty()) continue;
    append_item(text, str_cat(name, " scored none of the items: ", counts_text(faults)), "; ");
    for (ScoredItem& item : items) {
      const auto part = item.by_scorer.find(name);
      if (part == item.by_scorer.end()) continue;
      std::erase_if(part->second.ratios, [](const auto& ratio) { return ratio.first != kScored; });
      part->second.absent.clear();
    }
  }
  return text;
}

}  // namespace xlt
