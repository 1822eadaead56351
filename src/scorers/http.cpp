// SPDX-License-Identifier: Apache-2.0
// `http:URL[#ATTRIBUTE]`: a server that answers as Perspective's AnalyzeComment does, asked one text at a
// time; #ATTRIBUTE is TOXICITY unless said. What fails in passing is asked again (patient_client.h). A text
// that the server refuses, gives no answer to, or whose score is none is Unscored; after three texts in a row
// without an answer, or an answer that concerns all texts (401, 403, 404 …), the scorer gives up. Texts of
// white space alone are not sent. Known by its address: what stands behind it may change, unseen.
#include "scorers/factories.h"
#include "scorers/patient_client.h"
#include "scorers/perspective.h"

#include <algorithm>
#include <array>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr int kMostInARow = 3;  // texts without an answer
constexpr double kLongestAnswer =
    60;  // seconds; the timeout's default is meant for programs that load models
constexpr const char* kUsualAttribute = "TOXICITY";
// A header, not a part of the address: addresses are logged on the way.
constexpr const char* kKeyHeader = "X-Goog-Api-Key: ";
constexpr std::array<long, 4> kOfTheText = {400, 413, 414, 422};  // statuses that blame the text

// Addresses are written to reports and logs, so they may hold no secret.
void refuse_secrets(const std::string& url) {
  const size_t host = url.find("://");
  const size_t path = host == std::string::npos ? std::string::npos : url.find('/', host + 3);
  const bool has_user = url.substr(0, path).find('@') != std::string::npos;
  if (has_user || url.find("key=") != std::string::npos)
    throw Error(ErrorKind::kUsage,
                "the address holds a password or a key, and addresses are written to reports; give the key "
                "in the environment variable XLT_SCORER_KEY",
                "--scorer http");
}

// The key as it was meant: what an editor or a shell put around it, such as the end of a line, is no part of
// it. Throws kUsage for one that would not stay in its header.
std::string clean_key(const std::string& key) {
  const size_t begin = key.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  std::string clean = key.substr(begin, key.find_last_not_of(" \t\r\n") - begin + 1);
  if (std::any_of(clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    throw Error(ErrorKind::kUsage, "holds a line break or a control character, which no key has",
                "XLT_SCORER_KEY");
  return clean;
}

class HttpScorer : public TextScorer {
 public:
  HttpScorer(const ScorerSpec& spec, const ScorerServices& services)
      : url_(spec.argument),
        attribute_(spec.label.empty() ? kUsualAttribute : spec.label),
        key_(clean_key(services.key)),
        client_(url_, headers(key_),
                {.answer_seconds = std::min(services.timeout, kLongestAnswer),
                 .longest_wait = services.timeout,
                 .rate = services.rate,
                 .retries = services.retries},
                services.context) {}

  std::string name() const override { return str_cat("http:", url_, "#", attribute_); }
  std::string hash() const override { return sha256(str_cat("http\n", url_, "\n", attribute_)); }
  // Which languages it knows, it says text by text.
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }
  size_t texts_a_call() const override { return 1; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests)
      results.push_back(is_blank(request.text) ? ScoreResult(Unscored{Reason::kEmptyText})
                                               : score_one(request));
    return results;
  }

 private:
  static std::vector<std::string> headers(const std::string& key) {
    std::vector<std::string> headers{"Content-Type: application/json"};
    if (!key.empty()) headers.push_back(kKeyHeader + key);
    return headers;
  }

  ScoreResult score_one(const ScoreRequest& request) {
    const WebAnswer answer = client_.ask(perspective_request(request, attribute_));
    if (answer.status == 0) {
      if (++num_in_a_row_ == kMostInARow) throw Error(ErrorKind::kIo, answer.fault, url_);
      return parse_unscored(answer.fault);
    }
    num_in_a_row_ = 0;
    if (answer.status >= 200 && answer.status < 300) return perspective_score(answer.body, attribute_);
    return refused(answer);
  }

  // What the server refuses: this text, or all of them.
  Unscored refused(const WebAnswer& answer) const {
    const PerspectiveError error = perspective_error(answer.body);
    const std::string said = error.message.empty() ? "" : ": " + without_key(error.message);
    const bool is_of_the_text =
        std::find(kOfTheText.begin(), kOfTheText.end(), answer.status) != kOfTheText.end();
    if (is_of_the_text && !error.is_bad_key)
      return {Reason::kOther, str_cat("the server refuses the text (", answer.status, ")", said)};
    const bool is_about_key = error.is_bad_key || answer.status == 401 || answer.status == 403;
    throw Error(
        ErrorKind::kIo,
        str_cat("answered ", answer.status, said,
                is_about_key ? " (the key is taken from the environment variable XLT_SCORER_KEY)" : ""),
        url_);
  }

  // A server may repeat what it was sent.
  std::string without_key(std::string text) const {
    for (size_t at = 0; !key_.empty() && (at = text.find(key_, at)) != std::string::npos;)
      text.replace(at, key_.size(), "…");
    return text;
  }

  std::string url_, attribute_, key_;
  PatientClient client_;
  int num_in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<TextScorer> make_http_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.argument.empty())
    throw Error(ErrorKind::kUsage, "no address; expected http:URL, as in http:https://host/path",
                "--scorer http");
  refuse_secrets(spec.rest);
  return std::make_unique<HttpScorer>(spec, services);
}

}  // namespace xlt
