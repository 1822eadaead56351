// SPDX-License-Identifier: Apache-2.0
// Made-up evaluations with completions, and ratings of them.
#pragma once

#include "scratch_folder.h"

#include <string>
#include <vector>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

// `num_items` items a language of benchmark rtp_lx, each with two completions that name arm and item; scores
// by `scorer`, rising with the item.
inline std::string write_completions(const fs::path& folder, const std::string& arm,
                                     const std::vector<std::string>& languages, int num_items,
                                     const std::string& more = "") {
  Json cells = Json::array();
  for (const std::string& language : languages) {
    cells.push_back(Json{{"benchmark", "rtp_lx"},
                         {"language", language},
                         {"scoring", "corrected"},
                         {"scorer", "word_list"},
                         {"metrics", Json::object()}});
    std::string rows;
    for (int i = 0; i < num_items; ++i) {
      Json completions = Json::array();
      for (int sample = 0; sample < 2; ++sample)
        completions.push_back(
            Json{{"text", str_cat(arm, " says ", i, ".", sample, more)}, {"score", (i + 0.5) / num_items}});
      rows += dump_json(Json{{"id", std::to_string(i)},
                             {"prompt", str_cat("prompt ", i)},
                             {"scorer", "word_list"},
                             {"completions", completions}}) +
              "\n";
    }
    fs::create_directories(folder / "items" / "rtp_lx");
    write_file(folder / "items" / "rtp_lx" / (language + ".jsonl"), rows);
  }
  write_file(folder / "report.json",
             dump_json(Json{{"status", "done"}, {"model", Json()}, {"cells", cells}}));
  return folder.string();
}

}  // namespace xlt
