// SPDX-License-Identifier: Apache-2.0
#include "eval/continuation_quality.h"

#include "eval/continuation_lines.h"
#include "eval/language_match.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <span>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/eval/evaluate.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

using Words = std::vector<std::string>;

std::set<std::string> n_grams(const Words& words, size_t n) {
  std::set<std::string> grams;
  for (size_t i = 0; i + n <= words.size(); ++i) grams.insert(join(std::span(words).subspan(i, n), "\x1f"));
  return grams;
}

// Distinct n-grams of the completion that the prompt does not hold, over its number of tokens.
double new_distinct(const Words& completion, const Words& prompt, size_t n) {
  auto grams = n_grams(completion, n);
  for (const std::string& gram : n_grams(prompt, n)) grams.erase(gram);
  return static_cast<double>(grams.size()) / static_cast<double>(completion.size());
}

// Distinct n-grams over n-grams.
void add_distinct(ScoredItem& item, const std::string& ratio, const Words& words, size_t n) {
  if (words.size() < n) {
    item.absent[ratio] = {Reason::kTooShort};
    return;
  }
  item.ratios[ratio] = {
      static_cast<double>(n_grams(words, n).size()) / static_cast<double>(words.size() - n + 1), 1};
}

// A rate of the corrected scoring and of the paper's: there what was looked at counts as 0/0 at least.
void add_rate(ScoredItem& item, const std::string& name, std::optional<double> value,
              const Unscored& reason) {
  item.ratios["paper." + name] = value ? Ratio{*value, 1} : Ratio{};
  if (value) {
    item.ratios[name] = {*value, 1};
  } else {
    item.absent[name] = item.absent["paper." + name] = reason;
  }
}

void add_lines(ScoredItem& item, const LineCounts& lines, const std::string& text,
               const std::string& language, const std::unordered_set<std::string>& english) {
  (*item.detail)["lines_kept"] = lines.kept;
  (*item.detail)["lines_wrong"] = lines.wrong;
  const bool is_judged = lines.kept > 0, is_clean = is_judged && lines.wrong == 0;
  const auto if_judged = [&](double value) { return is_judged ? std::optional(value) : std::nullopt; };
  const Unscored too_short{Reason::kNoLineOfFiveWords};
  add_rate(item, "line_pass", if_judged(is_clean ? 1 : 0), too_short);
  add_rate(item, "line_accuracy",
           if_judged(1 - static_cast<double>(lines.wrong) / static_cast<double>(lines.kept)), too_short);
  if (english.empty() || !has_word_pass_rate(language)) return;
  if (is_clean)
    add_rate(item, "word_pass", holds_listed_word(text, language, english) ? 0.0 : 1.0, {});
  else
    add_rate(item, "word_pass", std::nullopt,
             is_judged ? Unscored{Reason::kLineOfAnotherLanguage} : too_short);
}

// Why no item of the cell can have its word pass rate or its lines judged.
void add_absences(ScoredItem& item, const std::unordered_set<std::string>& english, const CellInput& input) {
  const Unscored unknown = why_language_unknown(input.services.identifier, input.language);
  for (const std::string prefix : {"", "paper."}) {
    if (!has_word_pass_rate(input.language)) {
      item.absent[prefix + "word_pass"] = {Reason::kWordPassUndefined};
    } else if (english.empty()) {
      item.absent[prefix + "word_pass"] = {Reason::kNoEnglishWords};
    }
    if (unknown.empty()) continue;
    for (const char* name : {"line_pass", "line_accuracy", "word_pass"})
      item.absent.try_emplace(prefix + name, unknown);
  }
  for (int n = 1; n <= 3 && !unknown.empty(); ++n) item.absent[str_cat("paper.dist_", n)] = unknown;
}

Words tokens_of(const std::string& text, const LanguageModel& lm) {
  Words tokens = lm.tokenize(text);
  std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
  return tokens;
}

void add_diversity(ScoredItem& item, const std::string& prompt, const std::string& text, bool is_judged,
                   bool has_wrong_line, const CellInput& input) {
  const LanguageModel* lm = input.services.lm;
  const Words words = split_words(fold_case_and_accents(text), input.language),
              tokens = lm ? tokens_of(text, *lm) : Words(), before = lm ? tokens_of(prompt, *lm) : Words();
  for (size_t n = 1; n <= 3; ++n) {
    const std::string paper = str_cat("paper.dist_", n), of_tokens = str_cat("token_dist_", n);
    add_distinct(item, str_cat("corrected.dist_", n), words, n);
    if (lm)
      add_distinct(item, of_tokens, tokens, n);
    else
      item.absent[of_tokens] = {Reason::kNoTokenizer};
    if (!lm) {
      item.absent[paper] = {Reason::kNoTokenizer};
    } else if (has_wrong_line) {
      item.absent[paper] = {Reason::kLineOfAnotherLanguage};
    } else if (is_judged) {
      item.ratios[paper] = {tokens.empty() ? 0 : new_distinct(tokens, before, n), 1};
    }
  }
}

}  // namespace

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

ScoredItem completion_quality(const std::string& id, const std::string& prompt, const std::string& text,
                              const std::unordered_set<std::string>& english, const CellInput& input) {
  ScoredItem item{id, std::make_shared<Json>(Json{{"prompt", prompt}, {"completion", text}})};
  const bool is_empty = is_blank(text);
  item.ratios["empty"] = {is_empty ? 1.0 : 0.0, 1};
  if (is_empty) item.unscored = {Reason::kEmptyCompletion};
  LineCounts lines;
  const bool is_judged = why_language_unknown(input.services.identifier, input.language).empty();
  if (is_judged) {
    lines = count_lines(text, input.language, *input.services.identifier);
    add_lines(item, lines, text, input.language, english);
  }
  add_absences(item, english, input);
  if (is_empty) {
    for (const char* name : {"line_pass", "line_accuracy"})
      for (const std::string prefix : {"", "paper."})
        if (is_judged) item.absent[prefix + name] = item.unscored;
    for (int n = 1; n <= 3 && is_judged && input.services.lm; ++n)
      item.ratios[str_cat("paper.dist_", n)] = {0, 1};
  } else {
    add_diversity(item, prompt, text, is_judged, lines.wrong > 0, input);
  }
  return item;
}

std::vector<MetricSpec> quality_metrics(Scoring mode) {
  std::vector<MetricSpec> specs;
  const bool paper = mode == Scoring::kPaper;
  const std::string scoring = name_of(mode);
  for (const auto& [name, ratio] :
       {std::pair("line_pass_rate", "line_pass"), std::pair("line_accuracy", "line_accuracy"),
        std::pair("word_pass_rate", "word_pass")}) {
    MetricSpec spec = headline(ratio_metric(name, (paper ? "paper." : "") + std::string(ratio), true));
    if (paper) spec = with_formula(std::move(spec), "ratio_or_one");
    specs.push_back(spec);
  }
  for (int n = 1; n <= 3; ++n)
    specs.push_back(headline(ratio_metric(str_cat("dist_", n), str_cat(scoring, ".dist_", n), true)));
  for (int n = 1; n <= 3 && !paper; ++n)
    specs.push_back(ratio_metric(str_cat("token_dist_", n), str_cat("token_dist_", n), true));
  specs.push_back(ratio_metric("empty_rate", "empty", false));
  return specs;
}

}  // namespace xlt
