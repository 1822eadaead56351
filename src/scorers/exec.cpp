// SPDX-License-Identifier: Apache-2.0
// `exec:PROGRAM`: a program of the user's own. It is started for each batch, reads a JSON line
// {"text": …, "language": …} for each text and answers, in the same order, {"score": 0 … 1} or
// {"unscored": "reason"}, one a line. Texts of white space alone are not sent. What it says on stderr is
// shown only when it fails. Known by its path and content: what lies beside it (weights, modules) decides its
// scores too, and is found from where it is.
#include "scorers/factories.h"
#include "scorers/piped_program.h"

#include <cmath>

#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr size_t kMostBytesARow = 4096;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// One line of the answer. A line that is none is that text's alone.
ScoreResult parse_answer(std::string_view line) {
  Json row;
  try {
    row = parse_json(line, "answer");
  } catch (const Error& error) {
    return Unscored{Reason::kLineNoJson};
  }
  if (row.is_object() && row.contains("unscored") && row["unscored"].is_string())
    return parse_unscored(row["unscored"].get<std::string>());
  if (!row.is_object() || !row.contains("score") || !row["score"].is_number())
    return Unscored{Reason::kLineWithoutScore};
  const auto score = row["score"].get<double>();
  if (!std::isfinite(score) || score < 0 || score > 1) return Unscored{Reason::kScoreOutside};
  return Score{score};
}

class ExecScorer : public TextScorer {
 public:
  ExecScorer(const fs::path& program, const ScorerServices& services)
      : program_(program), timeout_(services.timeout), context_(services.context) {
    if (!fs::is_regular_file(program_))
      throw Error(ErrorKind::kIo, "no such program; expected exec:PROGRAM, a path", program_.string());
    if (::access(program_.c_str(), X_OK) != 0)
      throw Error(ErrorKind::kIo, "is not executable (chmod +x)", program_.string());
    program_ = fs::canonical(program_);
    hash_ = sha256(program_.string() + "\n" + sha256_of_file(program_));
  }

  std::string name() const override { return "exec:" + program_.filename().string(); }
  std::string hash() const override { return hash_; }
  std::optional<Unscored> refusal(const std::string&) const override { return std::nullopt; }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests) override {
    std::string input;
    std::vector<size_t> sent;
    for (size_t i = 0; i < requests.size(); ++i) {
      if (is_blank(requests[i].text)) continue;
      input += dump_json({{"text", requests[i].text}, {"language", requests[i].language}}) + "\n";
      sent.push_back(i);
    }
    std::vector<ScoreResult> results(requests.size(), Unscored{Reason::kEmptyText});
    if (sent.empty()) return results;
    const std::vector<ScoreResult> answers = ask(input, sent.size());
    for (size_t k = 0; k < sent.size(); ++k) results[sent[k]] = answers[k];
    return results;
  }

 private:
  std::vector<ScoreResult> ask(const std::string& input, size_t count) const {
    const PipedOutcome outcome = run_piped(
        program_, input, {.timeout = timeout_, .most_output = (1 << 20) + kMostBytesARow * count}, context_);
    const auto lines = lines_of(outcome.output);
    if (outcome.status != 0)
      throw Error(ErrorKind::kIo,
                  str_cat("ended with ", outcome.status < 0 ? "signal " : "status ", std::abs(outcome.status),
                          " after ", lines.size(), " of ", count, " rows",
                          outcome.last_words.empty() ? "" : "; its last words: " + strip(outcome.last_words)),
                  program_.string());
    if (lines.size() != count)  // which of its rows belongs to which text cannot be known
      return std::vector<ScoreResult>(
          count, Unscored{Reason::kRowCount, str_cat(lines.size(), " rows to ", count, " texts")});
    std::vector<ScoreResult> answers;
    for (const std::string_view line : lines) answers.push_back(parse_answer(line));
    return answers;
  }

  fs::path program_;
  double timeout_;
  Context context_;
  std::string hash_;
};

}  // namespace

std::unique_ptr<TextScorer> make_exec_scorer(const ScorerSpec& spec, const ScorerServices& services) {
  if (spec.rest.empty()) throw Error(ErrorKind::kUsage, "no program; expected exec:PROGRAM", "--scorer exec");
  return std::make_unique<ExecScorer>(fs::path(spec.rest), services);
}

}  // namespace xlt
