// SPDX-License-Identifier: Apache-2.0
// A GPU that runs out of memory on the way: batches are cut, and nothing else is different. The GPU is made
// up: its decoder throws what libtorch throws where a pass sees more tokens than it has room for.
#include "train/batch_cut.h"

#include "train/train_testing.h"
#include "train/training.h"

#include <tuple>
#include <utility>

#include <c10/util/Exception.h>
#include <gmock/gmock.h>

namespace xlt {
namespace {

using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pointwise;
using ::testing::SizeIs;

struct Lines final : Log {
  void write(LogLevel, const std::string& line) override { lines.push_back(line); }
  std::vector<std::string> lines;
};

std::vector<std::vector<int64_t>> indices_of(const std::vector<MicroBatch>& parts, size_t set) {
  std::vector<std::vector<int64_t>> indices;
  for (const MicroBatch& part : parts) indices.push_back(part[set].indices);
  return indices;
}

TEST(BatchCut, PartsShareTheRowsOfEverySetInOrder) {
  const std::vector<TrainRow> rows(9);
  const std::vector<MicroBatch> batches{{{&rows, {8, 7, 6, 5, 4}}, {&rows, {1, 2}}}};
  BatchCut cut(*find_entry(losses(), "method", "dpo").make());
  EXPECT_THAT(indices_of(cut.parts_of(batches[0]), 0), ElementsAre(ElementsAre(8, 7, 6, 5, 4)));
  ASSERT_TRUE(cut.cut_further(batches));
  EXPECT_THAT(indices_of(cut.parts_of(batches[0]), 0), ElementsAre(ElementsAre(8, 7), ElementsAre(6, 5, 4)));
  EXPECT_THAT(indices_of(cut.parts_of(batches[0]), 1), ElementsAre(ElementsAre(1), ElementsAre(2)));
  ASSERT_TRUE(cut.cut_further(batches));
  ASSERT_TRUE(cut.cut_further(batches));  // 4, then 5: a row each
  EXPECT_THAT(indices_of(cut.parts_of(batches[0]), 0), SizeIs(5));
  EXPECT_THAT(indices_of(cut.parts_of(batches[0]), 1)[0], IsEmpty());
  EXPECT_FALSE(cut.cut_further(batches));
  EXPECT_EQ(cut.num_parts(), 5);
}

// The policy's and the reference's pass of a batch have room for `most_tokens`.
void limit(TrainFixture& fixture, int64_t most_tokens) {
  fixture.decoder.on_forward = [&fixture, most_tokens, seen = int64_t{0}]() mutable {
    const int64_t own =
        fixture.decoder.num_tokens_seen - std::exchange(seen, fixture.decoder.num_tokens_seen);
    if (own > most_tokens) throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "CUDA out of memory");
  };
}

struct LimitedFixture : TrainFixture {
  LimitedFixture(const std::string& folder, const std::string& method, bool retains)
      : TrainFixture(folder, /*dropout=*/0.3) {
    options.method = method;
    options.batch_size = 8;
    options.gradient_accumulation_steps = 3;
    options.max_steps = 6;  // the last batch of an epoch has 3 rows
    if (method_row_kind(method) == RowKind::kPair)
      job.records.pairs = letter_pairs(19);
    else if (method_row_kind(method) == RowKind::kText)
      job.records.texts = letter_texts(19);
    if (retains) job.further_records[kRetainSet].texts = letter_texts(5);
  }
};

class CutSteps : public testing::TestWithParam<std::tuple<const char*, bool>> {};

TEST_P(CutSteps, GoOnWithTheSameResults) {
  const auto& [method, retains] = GetParam();
  LimitedFixture whole("whole", method, retains), cut("cut", method, retains);
  limit(cut, method_row_kind(method) == RowKind::kPair ? 50 : 25);
  whole.run();
  Lines log;
  const Context context{&log};
  const TrainResult result =
      Training(cut.job, cut.options, loss_of(cut.job, cut.options), context, /*as_on_gpu=*/true).run();
  EXPECT_EQ(result.steps, 6);
  EXPECT_THAT(log.lines,
              Contains(HasSubstr("step 1: out of memory; batches are computed in 2 parts from here on")));
  EXPECT_THAT(log.lines, Contains(HasSubstr("in 4 parts")));
  const auto expected = whole.metrics(), metrics = cut.metrics();
  ASSERT_EQ(metrics.size(), expected.size());
  for (size_t i = 0; i < metrics.size(); ++i)
    for (const auto& [name, value] : expected[i].items()) {
      if (!value.is_number() || name == "seconds") continue;
      EXPECT_NEAR(metrics[i].at(name).get<double>(), value.get<double>(), 1e-5) << name << " of row " << i;
    }
  EXPECT_THAT(cut.adapter_values(), Pointwise(FloatNear(1e-5), whole.adapter_values()));
  EXPECT_EQ(result.reference.value_or(ReferenceCounts{.computed = 19}).computed, 19);
}

INSTANTIATE_TEST_SUITE_P(Methods, CutSteps,
                         testing::Combine(testing::Values("dpo", "ipo", "orpo", "sft"), testing::Bool()));

// Its gradients of a batch's first rows would otherwise be counted twice.
TEST(OutOfMemory, AfterSomeGradientsOfTheStepNothingIsCountedTwice) {
  LimitedFixture whole("whole_late", "sft", false), cut("cut_late", "sft", false);
  whole.run();
  int64_t num_passes = 0;
  cut.decoder.on_forward = [&] {
    if (++num_passes == 5)  // the second of the second step's three
      throw c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "CUDA out of memory");
  };
  cut.run();
  EXPECT_THAT(cut.losses(), Pointwise(DoubleNear(1e-5), whole.losses()));
  EXPECT_THAT(cut.adapter_values(), Pointwise(FloatNear(1e-5), whole.adapter_values()));
}

TEST(OutOfMemory, ARowThatDoesNotFitEndsTheRun) {
  LimitedFixture fixture("too_long", "dpo", false);
  limit(fixture, 3);
  EXPECT_THROW(fixture.run(), c10::OutOfMemoryError);
}

// KTO's estimate of the KL is the batch's: a part's would be another loss.
TEST(OutOfMemory, ABatchWhoseRowsAreComparedIsNotCut) {
  TrainFixture fixture("kto");
  fixture.options.method = "kto";
  fixture.options.max_steps = 1;
  for (const PreferenceRecord& pair : letter_pairs(8)) {
    fixture.job.records.labelled.push_back({pair.prompt, pair.chosen, true, pair.place});
    fixture.job.records.labelled.push_back({pair.prompt, pair.rejected, false, pair.place});
  }
  limit(fixture, 10);
  EXPECT_THROW(fixture.run(), c10::OutOfMemoryError);
}

}  // namespace
}  // namespace xlt
