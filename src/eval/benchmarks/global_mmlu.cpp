// SPDX-License-Identifier: Apache-2.0
// Global-MMLU (Singh et al. 2024): knowledge questions of 57 subjects with four options, in
// lm-evaluation-harness's form (its tasks global_mmlu_full_{lang}): --num-fewshot worked questions of the
// subject, the first of dev.jsonl, then the question; English labels in every language; the answer is the
// most probable of " A" to " D", the first of equals. One way of scoring: both modes give the same numbers.
#include "eval/chosen_items.h"
#include "eval/factories.h"
#include "eval/language_files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr std::array<const char*, 4> kLetters = {"A", "B", "C", "D"};
constexpr std::array<const char*, 4> kOptionColumns = {"option_a", "option_b", "option_c", "option_d"};

// The question up to where its letter is due.
std::string question_text(const Row& row) {
  std::string text = strip(row.text("question"));
  for (size_t i = 0; i < kLetters.size(); ++i)
    text += str_cat("\n", kLetters[i], ". ", row.text(kOptionColumns[i]));
  return text + "\nAnswer:";
}

size_t answer_of(const Row& row) {
  const std::string answer = row.text("answer");
  const auto found = std::find(kLetters.begin(), kLetters.end(), answer);
  if (found == kLetters.end())
    throw Error(ErrorKind::kData, str_cat("answer \"", answer, "\": expected A, B, C or D"), row.place());
  return static_cast<size_t>(found - kLetters.begin());
}

std::vector<FieldPath> fields_of_a_question() {
  auto fields = outermost({"subject", "question", "answer"});
  for (const char* column : kOptionColumns) fields.push_back({column});
  return fields;
}

// A worked question with its answer, or the null for which there is none.
struct Example {
  std::string text;
  Unscored unscored = {};
};
// By subject, in file order; a row whose subject is null is no subject's.
using Examples = std::map<std::string, std::vector<Example>>;

Examples read_examples(const std::filesystem::path& file) {
  Examples examples;
  for (const Row& row : read_rows(file)) {
    if (!null_in(row, {{"subject"}}).empty()) continue;
    Example example{.unscored = null_in(row, fields_of_a_question())};
    if (example.unscored.empty())
      example.text = str_cat(question_text(row), " ", kLetters[answer_of(row)], "\n\n");
    else
      example.unscored.subject = "a worked question's " + example.unscored.subject;
    examples[row.text("subject")].push_back(std::move(example));
  }
  return examples;
}

// What stands before a question of the subject, or why it cannot be asked: too few examples, or a null among
// those that it needs.
Example few_shots(const Examples& examples, const std::string& subject, int64_t count) {
  Example shots;
  if (count == 0) return shots;
  const auto found = examples.find(subject);
  if (found == examples.end() || static_cast<int64_t>(found->second.size()) < count)
    return {.unscored = {Reason::kTooFewExamples, str_cat(count)}};
  for (const Example& example : std::span(found->second).first(static_cast<size_t>(count))) {
    if (!example.unscored.empty()) return {.unscored = example.unscored};
    shots.text += example.text;
  }
  return shots;
}

class GlobalMmlu : public Benchmark {
 public:
  std::string description() const override { return "knowledge questions with four options"; }
  std::string version() const override { return "1"; }
  void visit(OptionVisitor& v) override {
    v.field("num_fewshot", num_fewshot_,
            "worked questions of the subject before each of Global-MMLU's; 0: none", between(0, 100));
  }
  std::vector<SummarySubject> summary() const override {
    return {{"acc", "knowledge (Global-MMLU)", /*is_cost=*/true}};
  }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united({"ar", "cs", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru",
                   "sv", "tr", "zh"},
                  test(data).languages());
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    const std::filesystem::path file = test(data).file(language);
    if (num_fewshot_ == 0) return {file};
    return {file, file.parent_path() / "dev.jsonl"};
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const auto chosen =
        choose_items(read_rows(input.files[0]), {"sample_id", "id"}, fields_of_a_question(), input.options);
    const std::vector<ItemRow>& rows = chosen.rows;
    const Examples examples = num_fewshot_ > 0 ? read_examples(input.files[1]) : Examples{};
    std::vector<LogLikelihoodRequest> requests;
    std::vector<Unscored> refusals;
    for (const ItemRow& item : rows) {
      const auto shots = few_shots(examples, item.row.text("subject"), num_fewshot_);
      refusals.push_back(shots.unscored);
      if (!shots.unscored.empty()) continue;
      const std::string context = shots.text + question_text(item.row);
      for (const char* letter : kLetters)
        requests.push_back({context, str_cat(" ", letter), LongContext::kCutFromStart});
    }
    const auto scores = input.services.lm->log_likelihood(requests);
    std::vector<ScoredItem> items;
    auto next = scores.begin();
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t count = refusals[i].empty() ? kLetters.size() : 0;
      items.push_back(item_of(rows[i], refusals[i], std::span(next, count)));
      next += static_cast<std::ptrdiff_t>(count);
    }
    return chosen.with_others(std::move(items));
  }

  std::vector<MetricSpec> metrics(Scoring, const EvalOptions&) const override {
    return {headline(ratio_metric("acc", "acc", true))};
  }

 private:
  static LanguageFiles test(const std::filesystem::path& data) {
    return {data, "global_mmlu/{lang}/test.jsonl"};
  }

  // `scores`: of the letters, in order; empty where there is a refusal.
  static ScoredItem item_of(const ItemRow& row, const Unscored& refusal,
                            std::span<const LogLikelihood> scores) {
    const std::string subject = row.row.text("subject");
    ScoredItem item{row.id};
    item.detail = std::make_shared<Json>(
        Json{{"subject", subject}, {"question", row.row.text("question")}, {"label", answer_of(row.row)}});
    item.unscored = refusal;
    if (!refusal.empty()) return item;
    Json options = Json::array();
    for (size_t k = 0; k < kLetters.size(); ++k) {
      options.push_back({{"text", row.row.text(kOptionColumns[k])},
                         {"log_likelihood", scores[k].log_likelihood},
                         {"num_tokens", scores[k].num_tokens}});
      if (scores[k].num_tokens == 0) item.unscored = {Reason::kNothingToScore};
      if (!std::isfinite(scores[k].log_likelihood)) item.unscored = {Reason::kNotFinite};
    }
    (*item.detail)["options"] = std::move(options);
    if (!item.unscored.empty()) return item;
    const auto best = std::max_element(
        scores.begin(), scores.end(),
        [](const LogLikelihood& a, const LogLikelihood& b) { return a.log_likelihood < b.log_likelihood; });
    const auto predicted = static_cast<size_t>(best - scores.begin());
    (*item.detail)["predicted"] = predicted;
    item.ratios["acc"] = {predicted == answer_of(row.row) ? 1.0 : 0.0, 1};
    return item;
  }

  int64_t num_fewshot_ = 5;
};

}  // namespace

std::unique_ptr<Benchmark> make_global_mmlu_benchmark() { return std::make_unique<GlobalMmlu>(); }

}  // namespace xlt
