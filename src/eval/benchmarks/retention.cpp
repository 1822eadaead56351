// SPDX-License-Identifier: Apache-2.0
// What finetuning left as it was: how far the model's next-token distributions on parallel text
// (udhr/{lang}.jsonl) are from the untouched model's. kl_to_base: KL(untouched ‖ model) in nats, mean over
// all positions, the last token's too; top1_agreement: at how many of them the most probable next token is
// the same; bits_per_byte as the benchmark perplexity has it. The untouched model is the model without its
// adapter, or --base; without either the first two are null. One way of scoring: both modes give the same
// numbers.
#include "eval/chosen_items.h"
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/text_scoring.h"

#include <cmath>

#include "xlt/base/json.h"

namespace xlt {

namespace {

class Retention : public Benchmark {
 public:
  std::string description() const override { return "how far from the untouched model, on parallel text"; }
  std::string version() const override { return "1"; }
  BenchmarkUses uses() const override { return {.base = true}; }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return here(data).languages();
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    return {here(data).file(language)};
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    const auto chosen = choose_items(read_rows(input.files[0]), {"id"}, {{"text"}}, input.options);
    std::vector<std::string> texts, ids;
    for (const ItemRow& item : chosen.rows) {
      ids.push_back(item.id);
      texts.push_back(item.row.text("text"));
    }
    auto items = score_texts(*input.services.lm, ids, texts);
    const auto divergences = input.services.lm->divergence_from_base(texts, TextStart::kDocument);
    for (size_t i = 0; i < items.size(); ++i) {
      if (divergences) {
        add_divergence(items[i], (*divergences)[i]);
      } else {
        items[i].absent["kl"] = items[i].absent["agreement"] = {Reason::kNoBase};
      }
    }
    return chosen.with_others(std::move(items));
  }

  std::vector<MetricSpec> metrics(Scoring, const EvalOptions&) const override {
    return {headline(unbounded(ratio_metric("kl_to_base", "kl", false))),
            headline(ratio_metric("top1_agreement", "agreement", true)),
            headline(unbounded(ratio_metric("bits_per_byte", "bits", false)))};
  }

 private:
  static LanguageFiles here(const std::filesystem::path& data) { return {data, "udhr/{lang}.jsonl"}; }

  static void add_divergence(ScoredItem& item, const Divergence& divergence) {
    const auto positions = static_cast<double>(divergence.num_positions);
    (*item.detail)["kl"] = divergence.kl;
    (*item.detail)["num_positions"] = divergence.num_positions;
    (*item.detail)["num_agreeing"] = divergence.num_agreeing;
    if (!item.unscored.empty()) return;
    if (std::isfinite(divergence.kl)) {
      item.ratios["kl"] = {divergence.kl, positions};
    } else {
      item.absent["kl"] = {Reason::kNotFinite};
    }
    item.ratios["agreement"] = {static_cast<double>(divergence.num_agreeing), positions};
  }
};

}  // namespace

std::unique_ptr<Benchmark> make_retention_benchmark() { return std::make_unique<Retention>(); }

}  // namespace xlt
