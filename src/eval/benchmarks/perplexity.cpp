// SPDX-License-Identifier: Apache-2.0
// Bits per byte and token perplexity of running text: udhr/{lang}.jsonl, or flores/{lang}.txt. Bits per byte
// is comparable across tokenizers: it divides by the bytes that were scored, and the first token is
// conditioned on the start of a document (TextStart::kDocument). One way of scoring: both modes give the same
// numbers.
#include "eval/chosen_items.h"
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/text_scoring.h"

namespace xlt {

namespace {

class Perplexity : public Benchmark {
 public:
  std::string description() const override { return "bits per byte and perplexity of running text"; }
  std::string version() const override { return "2"; }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united(udhr(data).languages(), flores(data).languages());
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    const LanguageFiles texts = udhr(data), lines = flores(data);
    return {lines.has(language) && !texts.has(language) ? lines.file(language) : texts.file(language)};
  }
  std::vector<SummarySubject> summary() const override {
    return {{"bits_per_byte", "bits per byte", /*is_cost=*/true}};
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const auto chosen = choose_items(read_rows(input.files[0]), {"id"}, {{"text"}}, input.options);
    std::vector<std::string> texts, ids;
    for (const ItemRow& item : chosen.rows) {
      ids.push_back(item.id);
      texts.push_back(item.row.text("text"));
    }
    return chosen.with_others(score_texts(*input.services.lm, ids, texts));
  }

  std::vector<MetricSpec> metrics(Scoring, const EvalOptions&) const override { return text_metrics(); }

 private:
  static LanguageFiles udhr(const std::filesystem::path& data) { return {data, "udhr/{lang}.jsonl"}; }
  static LanguageFiles flores(const std::filesystem::path& data) { return {data, "flores/{lang}.txt"}; }
};

}  // namespace

std::unique_ptr<Benchmark> make_perplexity_benchmark() { return std::make_unique<Perplexity>(); }

}  // namespace xlt
