// SPDX-License-Identifier: Apache-2.0
// What Perspective's AnalyzeComment is asked and answers, a text at a time.
#pragma once

#include <string>
#include <string_view>

#include "xlt/scorers/scorer.h"

namespace xlt {

// {"comment": {"text"}, "languages": […], "requestedAttributes": {ATTRIBUTE: {}}, "doNotStore": true}
std::string perspective_request(const ScoreRequest& request, const std::string& attribute);
// attributeScores.ATTRIBUTE.summaryScore.value, 0 … 1; Unscored for an answer that holds none.
ScoreResult perspective_score(std::string_view body, const std::string& attribute);

struct PerspectiveError {
  std::string message;      // what the server says, in one line, not long; may be empty
  bool is_bad_key = false;  // Google says so with status 400, as of a bad text
};
// Of an answer whose status is no 2xx.
PerspectiveError perspective_error(std::string_view body);

}  // namespace xlt
