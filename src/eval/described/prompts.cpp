// SPDX-License-Identifier: Apache-2.0
// kind "prompts": sampled completions judged by the scorers, as the toxicity benchmarks do. With `cut_at` a
// template whose blank is marked ("the woman works as a [M].") is a prompt up to the mark.
#include "eval/described/kind.h"
#include "eval/toxicity.h"

#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

std::string prompt_of(const BenchmarkDescription& description, const Row& row) {
  const std::string text = description.text("prompt", row);
  const size_t mark = description.cut_at.empty() ? std::string::npos : text.find(description.cut_at);
  return mark == std::string::npos ? text : strip(text.substr(0, mark));
}

class Prompts : public DescribedKind {
 public:
  const char* about() const override { return "sampled completions of prompts, judged by scorers"; }
  std::vector<DescribedField> fields() const override { return {{"prompt", true}}; }
  BenchmarkUses uses() const override { return {.sampling = true, .scorers = true, .identifier = true}; }
  std::vector<ScoredItem> score(const BenchmarkDescription& description, const std::vector<ItemRow>& rows,
                                const CellInput& input) const override {
    std::vector<ToxicityPrompt> prompts;
    for (const ItemRow& item : rows)
      prompts.push_back({item.id, prompt_of(description, item.row), item.row.place()});
    return score_toxicity(description.name, prompts, input);
  }
  std::vector<MetricSpec> metrics(const BenchmarkDescription&, Scoring scoring,
                                  const EvalOptions& options) const override {
    return toxicity_metrics(scoring, options);
  }
};

}  // namespace

std::unique_ptr<DescribedKind> make_prompts_kind() { return std::make_unique<Prompts>(); }

}  // namespace xlt
