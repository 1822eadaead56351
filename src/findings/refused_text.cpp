// SPDX-License-Identifier: Apache-2.0
#include "findings/refused_text.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/scorers/unscored.h"

namespace xlt {

namespace {

// "not measured in out: no word list for sw" → "not measured in out: no word list for …"
std::string kind_of(const std::string& reason) {
  for (size_t at = reason.find(": "); at != std::string::npos; at = reason.find(": ", at + 1)) {
    Unscored known = parse_unscored(std::string_view(reason).substr(at + 2));
    if (known.code == Reason::kOther || known.subject.empty()) continue;
    known.subject = "…";
    return reason.substr(0, at + 2) + known.text();
  }
  return reason;
}

}  // namespace

std::string refused_text(const Json& refused) {
  constexpr size_t kShown = 6;
  std::map<std::string, int64_t> counts;
  for (const Json& row : refused) ++counts[kind_of(row.at("reason").get<std::string>())];
  std::vector<std::pair<std::string, int64_t>> kinds(counts.begin(), counts.end());
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  int64_t num_others = 0;
  for (size_t i = 0; i < kinds.size(); ++i)
    if (i < kShown)
      append_item(text, str_cat(kinds[i].first, " (", kinds[i].second, ")"));
    else
      num_others += kinds[i].second;
  return num_others == 0 ? text : str_cat(text, ", other reasons (", num_others, ")");
}

}  // namespace xlt
