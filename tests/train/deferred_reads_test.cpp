// SPDX-License-Identifier: Apache-2.0
// What a step reads in one go, and that a training which puts its reads off is the one that does not.
#include "train/deferred_reads.h"

#include "train/loss_testing.h"
#include "train/retention.h"
#include "train/train_testing.h"
#include "train/training.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using testing::ElementsAre;

at::Tensor double_row(std::vector<double> values) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble);
}

TEST(DeferredReads, GivesEachItsOwnInTheOrderOfAdding) {
  for (const bool at_once : {true, false}) {
    DeferredReads reads(at_once);
    std::vector<std::vector<double>> taken;
    const auto take = [&](std::span<const double> values) {
      taken.emplace_back(values.begin(), values.end());
    };
    reads.add({double_row({0.1}), floats({1, 2}), double_row({3}).squeeze()}, take);
    reads.add(at::TensorList(), take);
    reads.add(floats({4, 5, 6, 7}).view({2, 2}).t(), take);
    EXPECT_EQ(taken.size(), at_once ? 3u : 0u);
    reads.read();
    EXPECT_THAT(taken, ElementsAre(ElementsAre(0.1, 1, 2, 3), ElementsAre(), ElementsAre(4, 6, 5, 7)));
    reads.read();  // there is nothing left
    EXPECT_EQ(taken.size(), 3u);
  }
}

TEST(DeferredReads, DropsTheRestAfterAnError) {
  DeferredReads reads(/*at_once=*/false);
  bool is_taken = false;
  reads.add(floats({1}), [](std::span<const double>) { throw Error(ErrorKind::kNumerics, "bad", "here"); });
  reads.add(floats({1}), [&](std::span<const double>) { is_taken = true; });
  EXPECT_THROW(reads.read(), Error);
  reads.read();
  EXPECT_FALSE(is_taken);
}

// As `train` makes it.
TrainResult run(TrainFixture& fixture, bool as_on_gpu) {
  auto loss = find_entry(losses(), "method", fixture.options.method).make();
  fixture.options.method_options.apply(*loss);
  if (fixture.job.further_records.contains(kRetainSet)) loss = with_retention(std::move(loss), "nll", 0.5);
  const Context context;
  return Training(fixture.job, fixture.options, std::move(loss), context, as_on_gpu).run();
}

void give_records(TrainFixture& fixture, const std::string& method) {
  fixture.options.method = method;
  fixture.options.batch_size = 2;
  fixture.options.gradient_accumulation_steps = 2;
  fixture.options.max_steps = 6;  // of 3 steps an epoch: what the reference computed is looked up, too
  fixture.options.max_grad_norm = 0.05;
  fixture.options.eval_steps = 2;
  if (method == "sft" || method == "npo") fixture.job.records.texts = letter_texts(12);
  if (method == "dpo" || method == "orpo") fixture.job.records.pairs = letter_pairs(12);
  if (method == "kto")
    for (const SftRecord& text : letter_texts(12))
      fixture.job.records.labelled.push_back({"cd", text.completion, text.place.back() % 2 == 0, text.place});
  if (method == "sft") fixture.job.further_records[kRetainSet].texts = letter_texts(3);
  fixture.job.eval_records = fixture.job.records;
}

TEST(DeferredReads, ATrainingThatPutsThemOffIsTheSame) {
  for (const std::string method : {"sft", "dpo", "orpo", "kto", "npo"}) {
    TrainFixture straight("straight"), deferred("deferred");
    give_records(straight, method);
    give_records(deferred, method);
    const TrainResult expected = run(straight, false), found = run(deferred, true);
    EXPECT_EQ(found.steps, 6) << method;
    EXPECT_EQ(found.reference.has_value(), expected.reference.has_value());
    if (expected.reference) {
      EXPECT_EQ(found.reference->computed, expected.reference->computed) << method;
    }
    const std::vector<Json> rows = straight.metrics(), others = deferred.metrics();
    ASSERT_EQ(rows.size(), others.size()) << method;
    for (size_t i = 0; i < rows.size(); ++i)
      for (const auto& [name, value] : rows[i].items()) {
        if (name == "seconds" || !value.is_number()) continue;
        const double number = value.get<double>();
        EXPECT_NEAR(others[i].at(name).get<double>(), number, 1e-5 * std::max(1.0, std::abs(number)))
            << method << ' ' << i << ' ' << name;
      }
  }
}

// Nothing is stepped by a gradient that is not finite, and the row is named all the same.
TEST(DeferredReads, ALogProbabilityThatIsNotFiniteStillNamesItsRow) {
  for (const bool as_on_gpu : {false, true}) {
    TrainFixture fixture("not_finite");
    give_records(fixture, "sft");
    fixture.job.further_records.clear();
    fixture.job.records.texts[0].completion = "z";
    fixture.decoder.embedding()[LetterTokenizer::kBos].fill_(std::nan(""));
    const std::vector<float> before = fixture.adapter_values();
    try {
      run(fixture, as_on_gpu);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kNumerics);
      EXPECT_NE(std::string(error.what()).find("step 1: the log-probability of this row is "),
                std::string::npos)
          << error.what();
      EXPECT_NE(std::string(error.what()).find("texts.jsonl:"), std::string::npos) << error.what();
    }
    EXPECT_EQ(fixture.adapter_values(), before);
  }
}

}  // namespace
}  // namespace xlt
