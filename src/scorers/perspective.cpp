// SPDX-License-Identifier: Apache-2.0
#include "scorers/perspective.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

constexpr size_t kLongestMessage = 200;

// The value at a path of keys, or null.
Json value_at(const Json& json, const std::vector<std::string>& path) {
  const Json* value = &json;
  for (const std::string& key : path) {
    if (!value->is_object() || !value->contains(key)) return {};
    value = &value->at(key);
  }
  return *value;
}

bool says_bad_key(const Json& details) {
  return details.is_array() && std::any_of(details.begin(), details.end(), [](const Json& detail) {
           return value_at(detail, {"reason"}) == "API_KEY_INVALID";
         });
}

}  // namespace

std::string perspective_request(const ScoreRequest& request, const std::string& attribute) {
  return dump_json(Json{{"comment", {{"text", request.text}}},
                        {"languages", {request.language}},
                        {"requestedAttributes", {{attribute, Json::object()}}},
                        {"doNotStore", true}});
}

ScoreResult perspective_score(std::string_view body, const std::string& attribute) {
  Json json;
  try {
    json = parse_json(body, "answer");
  } catch (const Error&) {
    return Unscored{Reason::kAnswerNoJson};
  }
  const Json value = value_at(json, {"attributeScores", attribute, "summaryScore", "value"});
  if (!value.is_number()) return Unscored{Reason::kAnswerWithoutScore, attribute};
  const auto score = value.get<double>();
  if (!std::isfinite(score) || score < 0 || score > 1) return Unscored{Reason::kScoreOutside};
  return Score{score};
}

PerspectiveError perspective_error(std::string_view body) {
  PerspectiveError error;
  try {
    const Json json = parse_json(body, "answer");
    const Json message = value_at(json, {"error", "message"});
    if (message.is_string()) error.message = message.get<std::string>();
    error.is_bad_key = says_bad_key(value_at(json, {"error", "details"}));
  } catch (const Error&) {
    return {};  // a proxy's page, say: its status is all that it tells
  }
  std::replace_if(
      error.message.begin(), error.message.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  if (error.message.size() > kLongestMessage) error.message.resize(kLongestMessage);
  return error;
}

}  // namespace xlt
