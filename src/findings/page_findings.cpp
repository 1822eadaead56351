// SPDX-License-Identifier: Apache-2.0
#include "findings/page_findings.h"

#include "findings/page_rows.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <tuple>

#include "xlt/base/join.h"

namespace xlt {

namespace {

constexpr double kLevel = 0.05;
constexpr size_t kMostGroups = 6, kMostLanguages = 8;

bool is_tested(const Json& row) {
  return value_or_null(row, "p_holm").is_number() && value_or_null(row, "change").is_number();
}
bool holds(const Json& row) { return is_tested(row) && row.at("p_holm").get<double>() < kLevel; }

// Whether the change is to the good; nothing where neither way is.
std::optional<bool> is_better(const Json& row) {
  if (const Json distance = value_or_null(row, "distance_from_ideal_change"); distance.is_number())
    return distance.get<double>() < 0;
  const Json higher = value_or_null(row, "higher_is_better");
  if (!higher.is_boolean()) return std::nullopt;
  return (row.at("change").get<double>() > 0) == higher.get<bool>();
}

// Changes of one arm and metric that go the same way.
struct Group {
  std::string arm, metric;
  bool rose;
  std::optional<bool> better;
  std::vector<std::string> languages;
  bool is_of_mean = false;  // the mean of the others is among them
  auto key() const { return std::tie(arm, metric, rose, better); }
};

std::string metric_name(const Json& row) {
  const std::string scorer = text_of(row, "scorer");
  return text_of(row, "metric") + " of " + text_of(row, "benchmark") +
         (scorer.empty() ? "" : " (" + scorer + ")");
}

std::vector<Group> groups_of(const std::vector<const Json*>& rows) {
  std::vector<Group> groups;
  for (const Json* row : rows) {
    Group group{
        text_of(*row, "arm"), metric_name(*row), row->at("change").get<double>() > 0, is_better(*row), {}};
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& other) { return other.key() == group.key(); });
    if (found == groups.end()) found = groups.insert(groups.end(), std::move(group));
    if (const auto language = text_of(*row, "language"); language == "mean_others")
      found->is_of_mean = true;
    else
      found->languages.push_back(language);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.languages.size() > b.languages.size(); });
  return groups;
}

// "with dpo toxic_fraction of rtp_lx fell in 3 languages (de, en, fr) and in the mean of the others: better"
std::string group_text(const Group& group) {
  std::string text = "with " + group.arm + " " + group.metric + (group.rose ? " rose" : " fell");
  const size_t count = group.languages.size();
  if (count > 0) text += str_cat(" in ", count, count == 1 ? " language (" : " languages (");
  text += join(std::span(group.languages).first(std::min(count, kMostLanguages)));
  if (count > kMostLanguages) text += ", …";
  if (count > 0) text += ")";
  if (group.is_of_mean) text += count > 0 ? " and in the mean of the others" : " in the mean of the others";
  return text + (group.better ? *group.better ? ": better" : ": worse" : "");
}

std::string groups_text(const std::vector<Group>& groups) {
  std::string text = join(std::span(groups).first(std::min(groups.size(), kMostGroups)), "; ", group_text);
  if (groups.size() > kMostGroups)
    text += str_cat("; and ", groups.size() - kMostGroups, " more, in the pictures");
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

}  // namespace

std::vector<std::string> findings_in_words(const Json& comparison) {
  std::vector<const Json*> tested, shown;
  bool has_corrected = false;
  for (const Json& row : comparison.at("rows")) {
    if (is_tested(row)) tested.push_back(&row);
    has_corrected = has_corrected || text_of(row, "scoring") == "corrected";
  }
  if (tested.empty()) return {"No change on this page has a p-value, so none is called a finding."};
  const auto num_held =
      std::count_if(tested.begin(), tested.end(), [](const Json* row) { return holds(*row); });
  bool has_other_scoring = false;
  for (const Json* row : tested) {
    const bool is_shown = !has_corrected || text_of(*row, "scoring") == "corrected";
    has_other_scoring = has_other_scoring || !is_shown;
    if (is_shown && holds(*row)) shown.push_back(row);
  }
  if (num_held == 0)
    return {str_cat(
        "None of the ", tested.size(),
        " changes tested holds after Holm's correction for that number (p < 0.05). That is no proof that "
        "nothing changed: \"mde\" in the table of changes is the smallest change that each test would "
        "find four times in five.")};
  std::string count =
      str_cat("Of ", tested.size(), " changes tested, ", num_held, num_held == 1 ? " holds" : " hold",
              " after Holm's correction for that number (p < 0.05)");
  if (has_other_scoring) count += str_cat(", ", shown.size(), " of them in corrected scoring");
  if (shown.empty()) return {count + "."};
  return {count + ".", groups_text(groups_of(shown))};
}

}  // namespace xlt
