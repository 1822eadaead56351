// SPDX-License-Identifier: Apache-2.0
// Ratings as they came back, beside what was exported.
#pragma once

#include "findings/human/questions.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/findings/human.h"

namespace xlt {

// [item][rater]
using RatingsOfQuestion = std::map<std::string, std::map<std::string, double>>;

struct CollectedRatings {
  Json key;                                                   // key.json
  Json settings;                                              // export.json, or an empty object
  std::map<std::string, RatingsOfQuestion> of;                // by question; without attention checks
  std::map<std::string, std::pair<int64_t, int64_t>> checks;  // [rater] answers passed, answers given
  std::vector<std::string> raters;                            // who is counted
  Json excluded = Json::array();                              // {"rater", "reason"}
  std::vector<std::string> notes;
};

// Of the folder that export wrote and of every file of ratings; a rating that is given again replaces the one
// before, and a note says so. Throws kData naming the line of an unknown item or question or of what is no
// answer, kIo for a folder without key.json.
CollectedRatings collect_ratings(const HumanOptions& options);

// A field of an item's key that export wrote, or `fallback` where the key has none.
std::string key_text(const CollectedRatings& collected, const std::string& item, const char* field,
                     const std::string& fallback);
// Items that come from one prompt are of one cluster.
std::string cluster_of(const CollectedRatings& collected, const std::string& item);
std::string language_of(const CollectedRatings& collected, const std::string& item);

}  // namespace xlt
