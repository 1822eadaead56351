// SPDX-License-Identifier: Apache-2.0
// kind "texts": bits per byte and token perplexity of running text, scored as the benchmark perplexity does.
#include "eval/described/kind.h"
#include "eval/text_scoring.h"

namespace xlt {

namespace {

class Texts : public DescribedKind {
 public:
  const char* about() const override { return "bits per byte and perplexity of texts"; }
  std::vector<DescribedField> fields() const override { return {{"text", true}}; }
  std::vector<ScoredItem> score(const BenchmarkDescription& description, const std::vector<ItemRow>& rows,
                                const CellInput& input) const override {
    std::vector<std::string> ids, texts;
    for (const ItemRow& item : rows) {
      ids.push_back(item.id);
      texts.push_back(description.text("text", item.row));
    }
    return score_texts(*input.services.lm, ids, texts);
  }
  std::vector<MetricSpec> metrics(const BenchmarkDescription&, Scoring, const EvalOptions&) const override {
    return text_metrics();
  }
};

}  // namespace

std::unique_ptr<DescribedKind> make_texts_kind() { return std::make_unique<Texts>(); }

}  // namespace xlt
