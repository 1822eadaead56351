// Continuation quality of Tatoeba-like prompts (protocol 2.6): greedy, 100 new tokens; language consistency
// by lines and words, diversity as distinct n-grams. tatoeba/{lang}.tsv: the published four columns, or text,
// tab, English, or text alone. paper: rates are 1 where no line could be judged; distinct n-grams in the
// model's own tokens that are new since the prompt. corrected: nothing to judge is null; distinct n-grams of
// the completion's words, comparable between models. SPDX-License-Identifier: Apache-2.0
#include "eval/continuation_lines.h"
#include "eval/factories.h"
#include "eval/language_files.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/eval/evaluate.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

using Words = std::vector<std::string>;

std::set<std::string> n_grams(const Words& words, size_t n) {
  std::set<std::string> grams;
  for (size_t i = 0; i + n <= words.size(); ++i) {
    std::string gram;
    for (size_t j = 0; j < n; ++j) gram += (j ? "\x1f" : "") + words[i + j];
    grams.insert(std::move(gram));
  }
  return grams;
}

// Distinct n-grams of the completion that the prompt does not hold, over its number of words.
double distinct(const Words& completion, const Words& prompt, size_t n) {
  auto grams = n_grams(completion, n);
  for (const std::string& gram : n_grams(prompt, n)) grams.erase(gram);
  return static_cast<double>(grams.size()) / static_cast<double>(completion.size());
}

// Words of the English list that are lower-case and longer than three letters.
std::unordered_set<std::string> read_english_words(const std::filesystem::path& file) {
  std::unordered_set<std::string> words;
  if (!std::filesystem::exists(file)) return words;
  LineReader lines(file);
  while (const auto line = lines.next())
    if (line->size() > 3 &&
        std::all_of(line->begin(), line->end(), [](unsigned char c) { return !std::isupper(c); }))
      words.insert(*line);
  return words;
}

double one_where_nothing_judged(std::span<const Ratio> sums) {
  return sums[0].denominator > 0 ? sums[0].numerator / sums[0].denominator : 1;
}

class Continuation : public Benchmark {
 public:
  const char* description() const override {
    return "language consistency and diversity of greedy continuations";
  }
  const char* version() const override { return "1"; }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united({"ar", "ca", "cs", "de", "en", "es", "fr", "hi", "id", "it",
                   "ja", "ko", "mt", "nl", "pl", "pt", "ru", "sv", "tr", "zh"},
                  languages_in(data / "tatoeba", ".tsv"));
  }
  std::filesystem::path file(const std::filesystem::path& data, const std::string& language) const override {
    return data / "tatoeba" / (language + ".tsv");
  }

  std::vector<ScoredItem> score(const std::filesystem::path& file, const std::string& language,
                                const BenchmarkContext& context) const override {
    std::vector<GenerateRequest> requests;
    for (const Row& row : read_tsv_without_header(file)) {
      if (context.options.limit > 0 && static_cast<int64_t>(requests.size()) == context.options.limit) break;
      requests.push_back({row.text(row.has("3") ? "1" : "0"),
                          "continuation/" + language + "/" + std::to_string(requests.size())});
    }
    GenerationOptions greedy;
    greedy.greedy = true;
    greedy.max_new_tokens = context.options.continuation_tokens;
    const auto completions = context.lm.generate(requests, greedy);
    const auto english =
        read_english_words(file.parent_path().parent_path() / "language_confusion" / "words.txt");
    std::vector<ScoredItem> items;
    for (size_t i = 0; i < requests.size(); ++i)
      items.push_back(item(i, requests[i].prompt, completions[i][0].text, language, english, context));
    return items;
  }

  std::vector<MetricSpec> metrics(const std::string& scoring) const override {
    std::vector<MetricSpec> specs;
    const bool paper = scoring == "paper";
    for (const auto& [name, ratio] :
         {std::pair("line_pass_rate", "line_pass"), std::pair("line_accuracy", "line_accuracy"),
          std::pair("word_pass_rate", "word_pass")}) {
      MetricSpec spec = ratio_metric(name, ratio, true, 1, std::string(name) == "line_pass_rate");
      if (paper) spec.combine = one_where_nothing_judged;
      specs.push_back(spec);
    }
    for (int n = 1; n <= 3; ++n)
      specs.push_back(ratio_metric(str_cat("dist_", n), str_cat(scoring, ".dist_", n), true, 1, n == 1));
    specs.push_back(ratio_metric("empty_rate", "empty", false));
    return specs;
  }

 private:
  static void add_lines(ScoredItem& item, const std::string& text, const std::string& language,
                        const std::unordered_set<std::string>& english, const BenchmarkContext& context) {
    const LineCounts lines = count_lines(text, language, *context.identifier);
    (*item.detail)["lines_kept"] = lines.kept;
    (*item.detail)["lines_wrong"] = lines.wrong;
    if (lines.kept == 0) return;
    item.ratios["line_pass"] = {lines.wrong == 0 ? 1.0 : 0.0, 1};
    item.ratios["line_accuracy"] = {1 - static_cast<double>(lines.wrong) / static_cast<double>(lines.kept),
                                    1};
    if (lines.wrong == 0 && !english.empty() && has_word_pass_rate(language))
      item.ratios["word_pass"] = {holds_listed_word(text, language, english) ? 0.0 : 1.0, 1};
  }

  static ScoredItem item(size_t index, const std::string& prompt, const std::string& text,
                         const std::string& language, const std::unordered_set<std::string>& english,
                         const BenchmarkContext& context) {
    ScoredItem item{std::to_string(index),
                    std::make_shared<Json>(Json{{"prompt", prompt}, {"completion", text}})};
    item.ratios["empty"] = {is_blank(text) ? 1.0 : 0.0, 1};
    if (is_blank(text)) {
      item.unscored = "empty completion";
      return item;
    }
    const Words tokens = context.lm.tokenize(text),
                words = split_words(fold_case_and_accents(text), language);
    for (size_t n = 1; n <= 3; ++n) {
      if (!tokens.empty())
        item.ratios[str_cat("paper.dist_", n)] = {distinct(tokens, context.lm.tokenize(prompt), n), 1};
      if (words.size() >= n)
        item.ratios[str_cat("corrected.dist_", n)] = {
            static_cast<double>(n_grams(words, n).size()) / static_cast<double>(words.size() - n + 1), 1};
    }
    if (context.identifier) add_lines(item, text, language, english, context);
    return item;
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_continuation_benchmark() { return std::make_unique<Continuation>(); }

}  // namespace xlt
