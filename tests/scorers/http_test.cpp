// SPDX-License-Identifier: Apache-2.0
// Servers as scorers: what is said to them, what they may say, how long is waited. A real server is in
// tests/scenarios/http_scenario.py.
#include "scorers/patient_client.h"
#include "scorers/perspective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/scorers/scorer.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

std::string answer_of(const std::string& body) {
  const ScoreResult result = perspective_score(body, "TOXICITY");
  if (const auto* score = std::get_if<Score>(&result)) return str_cat(score->value);
  return std::get<Unscored>(result).text();
}

std::string with_value(const std::string& value) {
  return R"({"attributeScores": {"TOXICITY": {"summaryScore": {"value": )" + value + "}}}}";
}

std::string complaint_of(const std::string& spec) {
  try {
    make_scorer(spec, {});
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
}

TEST(Http, ATextAndItsLanguageAreSentAndNothingIsToBeStored) {
  EXPECT_EQ(parse_json(perspective_request({"say \"x\"", "pt"}, "INSULT"), "request"),
            parse_json(R"({"comment": {"text": "say \"x\""}, "languages": ["pt"],
                           "requestedAttributes": {"INSULT": {}}, "doNotStore": true})",
                       "expected"));
}

TEST(Http, OnlyANumberFromZeroToOneIsAScore) {
  EXPECT_EQ(answer_of(with_value("0.25")), "0.25");
  EXPECT_EQ(answer_of(with_value("1")), "1");
  for (const char* lie : {"7.5", "-0.1"}) EXPECT_EQ(answer_of(with_value(lie)), "a score outside 0 … 1");
  for (const char* lie : {"NaN", "1e999", "0.5]"})
    EXPECT_EQ(answer_of(with_value(lie)), "the server's answer is not JSON") << lie;
  for (const char* lie : {"null", "\"0.5\"", "[0.5, 0.5]"})
    EXPECT_EQ(answer_of(with_value(lie)), "the server's answer holds no score of TOXICITY") << lie;
  for (const char* lie : {"[]", "3", "{}", R"({"attributeScores": [1]})"})
    EXPECT_EQ(answer_of(lie), "the server's answer holds no score of TOXICITY") << lie;
}

TEST(Http, AnErrorSaysWhatAndWhetherTheKeyIsAtFault) {
  const PerspectiveError error = perspective_error(
      R"({"error": {"code": 400, "message": "not\nvalid", "details": [{"reason": "API_KEY_INVALID"}]}})");
  EXPECT_EQ(error.message, "not valid");
  EXPECT_TRUE(error.is_bad_key);
  EXPECT_FALSE(perspective_error(R"({"error": {"message": "no such language", "details": [1]}})").is_bad_key);
  EXPECT_EQ(perspective_error("<html>").message, "");
}

TEST(Http, WaitsDoubleUpToAMinuteAndAreNoShorterThanTheServerSays) {
  EXPECT_DOUBLE_EQ(wait_before_retry(1, 0, 1), 0.25);
  EXPECT_DOUBLE_EQ(wait_before_retry(1, 0, 0), 0.125);
  EXPECT_DOUBLE_EQ(wait_before_retry(4, 0, 1), 2);
  EXPECT_DOUBLE_EQ(wait_before_retry(100, 0, 1), 60);
  EXPECT_DOUBLE_EQ(wait_before_retry(1, 7, 0.5), 7);
}

TEST(Http, OnlyWhatMayPassIsAskedAgain) {
  for (const long status : {0, 408, 425, 429, 500, 502, 503, 504}) EXPECT_TRUE(may_pass({.status = status}));
  for (const long status : {200, 301, 400, 401, 403, 404, 501}) EXPECT_FALSE(may_pass({.status = status}));
}

TEST(Http, AnAddressIsOneAndHoldsNoSecret) {
  EXPECT_THAT(complaint_of("http"), HasSubstr("expected http:URL"));
  EXPECT_THAT(complaint_of("http:host/path"), HasSubstr("http://HOST/PATH"));
  EXPECT_THAT(complaint_of("http:file:///etc/passwd"), HasSubstr("is no web address"));
  for (const char* url : {"http:https://h/p?key=SECRET", "http:https://me:SECRET@h/p"}) {
    EXPECT_THAT(complaint_of(url), HasSubstr("XLT_SCORER_KEY"));
    EXPECT_THAT(complaint_of(url), ::testing::Not(HasSubstr("SECRET")));
  }
}

TEST(Http, AnAddressThatNoServerCanHaveIsRefusedAtOnce) {
  for (const char* url : {"http://", "http:///path", "http://h:99999/p", "http://h:port/p", "http://h h/p",
                          "http://h/p\r\nX: y", "http://[::1/p"})
    EXPECT_THAT(complaint_of(str_cat("http:", url)), HasSubstr("is no web address")) << url;
  for (const char* url : {"http://h", "https://h:8080/p", "http://[::1]:80/p"})
    EXPECT_EQ(complaint_of(str_cat("http:", url)), "") << url;
}

TEST(Http, AKeyStaysInItsHeader) {
  for (const char* key : {"k\r\n", " k\n", "k"})
    EXPECT_NE(make_scorer("http:http://h/p", {.key = key}), nullptr) << key;
  for (const char* key : {"k\r\nHost: other", "k\nk", "k\x7fk"}) {
    try {
      make_scorer("http:http://h/p", {.key = key});
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("XLT_SCORER_KEY"));
      EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("other")));
    }
  }
}

TEST(Http, IsNamedByAddressAndAttribute) {
  const auto scorer = make_scorer("http:http://h:1/p", {});
  EXPECT_EQ(scorer->name(), "http:http://h:1/p#TOXICITY");
  EXPECT_EQ(make_scorer("http:http://h:1/p#TOXICITY", {.key = "k"})->hash(), scorer->hash());
  EXPECT_NE(make_scorer("http:http://h:1/p#INSULT", {})->hash(), scorer->hash());
  EXPECT_NE(make_scorer("http:http://h:2/p", {})->hash(), scorer->hash());
}

}  // namespace
}  // namespace xlt
