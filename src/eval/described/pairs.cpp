// SPDX-License-Identifier: Apache-2.0
// kind "pairs": the share of pairs whose first sentence is the more probable one, compared as CrowS-Pairs
// does: paper by the mean log-probability with the constant of BOS in it, ties are no hit; corrected without
// the constant, ties are half a hit. A metric called "pct_…" is in per cent, any other a share from 0 to 1.
#include "eval/described/kind.h"
#include "eval/pair_scoring.h"

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

class Pairs : public DescribedKind {
 public:
  const char* about() const override { return "which of two sentences is more probable"; }
  std::vector<DescribedField> fields() const override { return {{"first", true}, {"second", true}}; }
  bool names_its_metric() const override { return true; }

  std::vector<ScoredItem> score(const BenchmarkDescription& description, const std::vector<ItemRow>& rows,
                                const CellInput& input) const override {
    std::vector<std::string> sentences;
    for (const ItemRow& item : rows)
      for (const char* side : {"first", "second"}) sentences.push_back(description.text(side, item.row));
    const auto scores = score_sentences(*input.services.lm, sentences);
    std::vector<ScoredItem> items;
    for (size_t i = 0; i < rows.size(); ++i) {
      const SentenceScore &first = scores[2 * i], &second = scores[2 * i + 1];
      ScoredItem item{rows[i].id};
      item.detail = std::make_shared<Json>(
          Json{{"first", first.to_json(sentences[2 * i])}, {"second", second.to_json(sentences[2 * i + 1])}});
      add_preference(item, first, second);
      items.push_back(std::move(item));
    }
    return items;
  }

  std::vector<MetricSpec> metrics(const BenchmarkDescription& description, Scoring scoring,
                                  const EvalOptions&) const override {
    const std::string name = description.metric.empty() ? "pct_first" : description.metric;
    const double scale = name.starts_with("pct_") ? 100 : 1;
    const auto share = [&](const std::string& called, const std::string& ratio) {
      MetricSpec spec = ratio_metric(called, ratio, description.higher_is_better, scale);
      return description.higher_is_better ? spec : with_ideal(spec, scale / 2);
    };
    std::vector<MetricSpec> specs{headline(share(name, str_cat(name_of(scoring), ".preferred")))};
    if (scoring == Scoring::kCorrected) specs.push_back(share(name + "_of_sums", "corrected.sum"));
    specs.push_back(unbounded(ratio_metric("likelihood_diff", "likelihood_diff", std::nullopt)));
    return specs;
  }
};

}  // namespace

std::unique_ptr<DescribedKind> make_pairs_kind() { return std::make_unique<Pairs>(); }

}  // namespace xlt
