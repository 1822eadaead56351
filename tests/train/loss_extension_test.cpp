// SPDX-License-Identifier: Apache-2.0
// A new loss is one file: here one with rows of its own kind, a second set of rows, two terms with
// denominators of their own and an option, trained without a line changed elsewhere.
#include "train/train_testing.h"
#include "train/training.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

// Desirable completions are made likelier and others less so, a mean over completions; `anchor` texts are
// held by their mean negative log-likelihood per label, `anchor_weight` times.
class ToyLoss : public Loss {
 public:
  std::vector<RowSetSpec> row_sets() const override {
    return {{"train", RowKind::kLabelled, true}, {"anchor", RowKind::kText}};
  }
  bool uses_dropout() const override { return false; }
  double default_learning_rate() const override { return 1e-3; }
  void visit(OptionVisitor& v) override {
    v.field("anchor_weight", anchor_weight, "how much the anchor counts", at_least(0));
  }
  std::vector<int64_t> num_items(size_t set, const TrainRow& row) const override {
    if (set == 0) return {1, 0};
    return {0, row.num_labels()};
  }
  LossValue compute(std::span<const SequenceLogps> sets) const override {
    std::vector<float> signs;
    for (const bool is_desirable : sets[0].is_desirable) signs.push_back(is_desirable ? -1.0f : 1.0f);
    const at::Tensor ratios = sets[0].policy - sets[0].reference;
    LossValue value{{(ratios * at::tensor(at::ArrayRef<float>(signs))).sum(), {}}, {}};
    num_sets_seen.push_back(sets.size());
    if (sets.size() == 1) return value;  // evaluation
    num_anchor_labels_seen += sets[1].num_labels.front();
    value.terms[1] = sets[1].policy.sum() * -anchor_weight;
    value.stats.push_back({"anchor_loss", -sets[1].policy.sum().item<double>(), 1});
    return value;
  }

  double anchor_weight = 1;
  mutable std::vector<size_t> num_sets_seen;
  mutable int64_t num_anchor_labels_seen = 0;
};

std::vector<LabelledRecord> labelled(int64_t count) {
  std::vector<LabelledRecord> records;
  for (const SftRecord& text : letter_texts(count))
    records.push_back({"cd", text.completion, records.size() % 2 == 0, text.place});
  return records;
}

struct ToyFixture : TrainFixture {
  explicit ToyFixture(const std::string& folder) : TrainFixture(folder) {
    job.records.labelled = labelled(8);
    job.further_records["anchor"].texts = {{true, "", "hhh", "anchor.jsonl:1"},
                                           {true, "", "gg", "anchor.jsonl:2"}};
    options.batch_size = 2;
    options.no_shuffle = true;
    options.max_steps = 3;
  }
  TrainResult run_toy(std::unique_ptr<ToyLoss> loss = std::make_unique<ToyLoss>()) {
    return Training(job, options, std::move(loss), Context()).run();
  }
};

TEST(LossExtension, ALossOfSeveralSetsAndTermsIsTrained) {
  ToyFixture fixture("toy");
  auto loss = std::make_unique<ToyLoss>();
  set_option(visit_of(*loss), "anchor_weight", "2");
  const ToyLoss& seen = *loss;
  const Context context;
  Training training(fixture.job, fixture.options, std::move(loss), context);
  EXPECT_EQ(training.run().steps, 3);
  EXPECT_EQ(seen.num_sets_seen, (std::vector<size_t>{2, 2, 2}));
  EXPECT_EQ(seen.num_anchor_labels_seen, 3 * 4);  // "hhh" and EOS are first in each batch of two
  const auto rows = fixture.metrics();
  // The first step: policy = reference, so the loss is the anchor's alone, twice.
  EXPECT_NEAR(rows[0].at("loss").get<double>(), 2 * rows[0].at("anchor_loss").get<double>(), 1e-5);
  EXPECT_LT(rows[2].at("anchor_loss").get<double>(), rows[0].at("anchor_loss").get<double>());
}

// Each term is divided by its own items of the whole step: completions, and anchor labels.
TEST(LossExtension, MicroBatchesOfOneEqualOneBatchOfFour) {
  ToyFixture small("toy_small"), large("toy_large");
  small.options.batch_size = 1;
  small.options.gradient_accumulation_steps = 4;
  large.options.batch_size = 4;
  small.run_toy();
  large.run_toy();
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(small.losses()[i], large.losses()[i], 1e-5);
  const auto a = small.adapter_values(), b = large.adapter_values();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
}

TEST(LossExtension, EvaluationHasTheFirstSetOnly) {
  ToyFixture fixture("toy_eval");
  fixture.options.eval_split = 0.25;
  fixture.options.max_steps = 1;
  fixture.run_toy();
  EXPECT_EQ(fixture.losses("eval").size(), 1u);
}

TEST(LossExtension, ASetWithoutRowsIsAUsageErrorThatNamesIt) {
  ToyFixture fixture("toy_missing");
  fixture.job.further_records.clear();
  try {
    fixture.run_toy();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("texts called \"anchor\""), std::string::npos) << error.message();
  }
}

TEST(LossExtension, ItsOptionsJoinThoseOfTheOthers) {
  static constexpr Entry<Loss> kTable[] = {
      {"dpo", make_dpo_loss},
      {"toy", [] { return std::unique_ptr<Loss>(std::make_unique<ToyLoss>()); }},
  };
  MethodOptions options(kTable);
  set_option(visit_of(options), "anchor_weight", "3");
  EXPECT_THROW(options.check("dpo"), Error);
  ToyLoss loss;
  options.apply(loss);
  EXPECT_EQ(loss.anchor_weight, 3);
}

}  // namespace
}  // namespace xlt
