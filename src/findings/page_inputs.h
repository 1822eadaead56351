// SPDX-License-Identifier: Apache-2.0
// What the folders that a page is made of hold.
#pragma once

#include "findings/arm.h"

#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json.h"

namespace xlt {

// A training's folder.
struct TrainingFolder {
  std::string name;
  std::filesystem::path path;
  Json run;                   // run.json
  std::vector<Json> metrics;  // rows of metrics.jsonl
};

// A JSON file that another command wrote, and where it stood.
struct FoundFile {
  std::filesystem::path path;
  Json json;
};

struct PageInputs {
  std::vector<Arm> arms;  // the base first, where one of them has no adapter
  std::vector<TrainingFolder> trainings;
  std::vector<FoundFile> comparisons, predictors, humans;  // humans: of xlt human import
  std::vector<std::string> notes;                          // what was looked for and is not there
};

// Looks into each folder, three levels deep; links in it are not followed. A folder whose folders hold
// reports of one model and of different cells is one evaluation; of a sweep's folder its comparisons and
// their trainings are taken. Evaluations that a comparison names are taken under its arms' names, also where
// only the comparison was given. Throws kIo for a folder that holds nothing of xlt's.
PageInputs read_page_inputs(const std::vector<std::string>& folders);

}  // namespace xlt
