// SPDX-License-Identifier: Apache-2.0
// Made-up output folders of an evaluation.
#pragma once

#include "scratch_folder.h"

#include <map>
#include <string>
#include <vector>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

using Pairs = std::vector<std::pair<double, double>>;  // numerator, denominator of items "0", "1" …

// One evaluation: cells of benchmark `b`, scoring corrected, metric `m` (a share in percent, ideal 50).
class MadeUpEvaluation {
 public:
  explicit MadeUpEvaluation(std::string adapter = "")
      : report_{{"version", 1},
                {"status", "done"},
                {"model", {{"path", "models/x"}, {"hash", "m1"}, {"adapter", adapter}}},
                {"cells", Json::array()}} {}

  // A language's cell and items; `prefix` makes ids that no other language has.
  MadeUpEvaluation& add(const std::string& language, const Pairs& items, const std::string& prefix = "") {
    Json metric{{"value", 1.0},
                {"higher_is_better", Json()},
                {"formula", {{"kind", "ratio"}, {"ratios", {"r"}}, {"scale", 100}, {"bounded", true}}},
                {"ideal", 50}};
    report_["cells"].push_back(Json{{"benchmark", "b"},
                                    {"benchmark_version", "1"},
                                    {"language", language},
                                    {"scoring", "corrected"},
                                    {"settings", {{"limit", 50}, {"dtype", "float32"}}},
                                    {"metrics", {{"m", metric}}},
                                    {"headline", {"m"}}});
    std::string rows;
    for (size_t i = 0; i < items.size(); ++i)
      rows += dump_json(Json{{"id", prefix + std::to_string(i)},
                             {"ratios", {{"r", {items[i].first, items[i].second}}}}}) +
              "\n";
    items_["items/b/" + language + ".jsonl"] = rows;
    return *this;
  }
  Json& report() { return report_; }
  Json& cell(size_t index = 0) { return report_["cells"][index]; }
  std::map<std::string, std::string>& items() { return items_; }

  std::string write(const fs::path& folder) const {
    for (const auto& [name, rows] : items_) {
      fs::create_directories((folder / name).parent_path());
      write_file(folder / name, rows);
    }
    fs::create_directories(folder);
    write_file(folder / "report.json", dump_json(report_));
    return folder.string();
  }

 private:
  Json report_;
  std::map<std::string, std::string> items_;
};

// `count` items of denominator 1, the first `ones` of them 1.
inline Pairs share(int count, int ones) {
  Pairs items;
  for (int i = 0; i < count; ++i) items.emplace_back(i < ones ? 1 : 0, 1);
  return items;
}

}  // namespace xlt
