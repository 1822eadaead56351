// SPDX-License-Identifier: Apache-2.0
// Continuation quality of Tatoeba-like prompts (protocol 2.6): greedy, 100 new tokens; language consistency
// by lines and words, diversity as distinct n-grams. tatoeba/{lang}.tsv in any layout of tatoeba_row.h.
// paper: rates are 1 where no line could be judged; distinct n-grams in the model's own tokens, new since the
// prompt, over the number of tokens, of completions without a wrong line (an empty one counts as 0); the
// published skip of languages with fewer than 100 such completions is left to the reader of n. corrected:
// nothing to judge is null; distinct n-grams over n-grams, of the completion's words (comparable between
// models) and of the model's own tokens (token_dist). Fluency: see eval/fluency.h.
#include "eval/continuation_quality.h"
#include "eval/factories.h"
#include "eval/fluency.h"
#include "eval/item_rows.h"
#include "eval/language_files.h"
#include "eval/prompt_refusal.h"
#include "eval/published_tatoeba.h"

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/dataset/tatoeba_row.h"
#include "xlt/eval/evaluate.h"

namespace xlt {

namespace {

class Continuation : public Benchmark {
 public:
  std::string description() const override {
    return "language consistency, diversity and fluency of greedy continuations";
  }
  std::string version() const override { return "5"; }
  void visit(OptionVisitor& v) override {
    v.field("continuation_tokens", continuation_tokens_, "longest greedy continuation, in tokens",
            between(1, 10'000'000));
  }
  BenchmarkUses uses() const override { return {.identifier = true, .fluency = true, .quirks = {"G14"}}; }
  std::vector<SummarySubject> summary() const override {
    return {{"line_pass_rate", "language consistency", /*is_cost=*/true},
            {"dist_1", "distinct words", /*is_cost=*/true}};
  }
  std::vector<std::filesystem::path> other_files(const std::filesystem::path& data) const override {
    return {data / "language_confusion" / "words.txt"};
  }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united({"ar", "ca", "cs", "de", "en", "es", "fr", "hi", "id", "it",
                   "ja", "ko", "mt", "nl", "pl", "pt", "ru", "sv", "tr", "zh"},
                  here(data).languages());
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    return {here(data).file(language)};
  }

  std::vector<std::filesystem::path> files_of_quirks(const EvalOptions& options) const override {
    std::vector<std::filesystem::path> files;
    if (options.asks_quirk("G14"))
      for (const std::string& language : tatoeba_languages())
        files.push_back(here(options.data).file(language));
    return files;
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const std::vector<Sentence> rows = sentences(input);
    std::vector<GenerateRequest> requests;  // of the rows that have a sentence
    for (const auto& [id, text, place] : rows)
      if (text) requests.push_back({*text, "continuation/" + input.language + "/" + id, place});
    GenerationOptions greedy;
    greedy.greedy = true;
    greedy.max_new_tokens = continuation_tokens_;
    const auto completions = input.services.lm->generate(requests, greedy);
    XLT_CHECK(completions.size() == requests.size(), completions.size(), " for ", requests.size(),
              " prompts");
    const auto english = read_english_words(other_files(input.options.data)[0]);
    std::vector<ScoredItem> items;
    std::vector<std::string> prompts, texts;  // of an item; empty where it has no completion
    size_t next = 0;
    for (const auto& [id, prompt, place] : rows) {
      const Unscored refusal = prompt ? refusal_of(completions[next]) : Unscored{Reason::kUnknownLayout};
      if (refusal.empty())
        items.push_back(completion_quality(id, *prompt, completions[next][0].text, english, input));
      else
        items.push_back({id, std::make_shared<Json>(Json{{"prompt", prompt.value_or("")}}), {}, refusal});
      prompts.push_back(prompt.value_or(""));
      texts.push_back(refusal.empty() ? completions[next][0].text : "");
      next += prompt.has_value();
    }
    add_fluency(items, prompts, texts, input);
    return items;
  }

  std::vector<MetricSpec> metrics(Scoring scoring, const EvalOptions& options) const override {
    auto specs = quality_metrics(scoring);
    for (const MetricSpec& spec : fluency_metrics(scoring, options)) specs.push_back(spec);
    return specs;
  }

 private:
  struct Sentence {
    std::string id;
    std::optional<std::string> text;  // nothing: a row of no layout that is known
    std::string place;
  };
  std::vector<Sentence> sentences(const CellInput& input) const {
    std::vector<Sentence> all;
    if (input.options.asks_quirk("G14")) {
      const auto published = published_tatoeba(files_of_quirks(input.options), input.language);
      std::vector<std::string> ids;
      for (const TatoebaSentence& sentence : published) ids.push_back(sentence.id);
      ids = unique_ids(std::move(ids));
      for (const size_t i : chosen_items(ids, input.options))
        all.push_back(
            {ids[i], published[i].text, str_cat(input.files[0].string(), ", English id ", published[i].id)});
      return all;
    }
    for (const auto& [id, row] : select_items(read_tsv_without_header(input.files[0]), {}, input.options))
      all.push_back({id, tatoeba_text(row), row.place()});
    return all;
  }

  static LanguageFiles here(const std::filesystem::path& data) { return {data, "tatoeba/{lang}.tsv"}; }

  int64_t continuation_tokens_ = 100;
};

}  // namespace

std::unique_ptr<Benchmark> make_continuation_benchmark() { return std::make_unique<Continuation>(); }

}  // namespace xlt
