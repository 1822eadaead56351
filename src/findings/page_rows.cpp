// SPDX-License-Identifier: Apache-2.0
#include "findings/page_rows.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/base/utf8.h"

namespace xlt {

std::string text_of(const Json& object, const std::string& key) {
  const Json value = value_or_null(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

Json end_of(const Json& interval, size_t index) {
  return interval.is_array() && interval.size() == 2 ? interval[index] : Json();
}

std::string name_of_run(const EvaluationFolder& folder) {
  const fs::path path = fs::absolute(folder.path()).lexically_normal();
  return escape_invalid_utf8((path.has_filename() ? path : path.parent_path()).filename().string());
}

Json cell_row(const Arm& arm, const std::string& run, const CellName& name) {
  return Json::array({arm.name, run, name.benchmark, name.language, name.scoring,
                      name.scorer.empty() ? Json() : Json(name.scorer)});
}

bool is_metric_asked(const std::vector<std::string>& asked, const Json& headline, const std::string& metric) {
  const auto names = [&](const std::string& text) {
    return std::find(asked.begin(), asked.end(), text) != asked.end();
  };
  // A report that marks no headline metrics has none but those.
  const bool is_headline =
      !headline.is_array() || std::find(headline.begin(), headline.end(), metric) != headline.end();
  return names("all") || names(metric) || (names("headline") && is_headline);
}

}  // namespace xlt
