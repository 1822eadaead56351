// SPDX-License-Identifier: Apache-2.0
// Where the reference log-probs come from.
#include "train/train_testing.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

void make_dpo(TrainFixture& fixture, int64_t max_steps) {
  fixture.options.method = "dpo";
  fixture.options.batch_size = 4;
  fixture.options.max_steps = max_steps;
  fixture.job.preference = letter_pairs(8);
}

// B away from zero: the adapter as it begins is no longer the base model.
void move_adapter(TrainFixture& fixture) {
  const at::NoGradGuard no_grad;
  lora_of(fixture.decoder.projection())->b.copy_(random_tensor({8, 2}, Rng(6)));
}

int64_t num_reference_files(const fs::path& run) {
  std::error_code error;
  int64_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(run / "reference", error)) ++count;
  return count;
}

TEST(Reference, BaseIsTheModelWithoutItsAdapterAndInitTheAdapterAsItBegan) {
  TrainFixture base("base"), init("init");
  for (TrainFixture* fixture : {&base, &init}) {
    make_dpo(*fixture, 2);
    move_adapter(*fixture);
  }
  init.options.reference = "init";
  base.run();
  init.run();
  EXPECT_GT(std::abs(base.losses()[0] - std::log(2.0)), 1e-3);
  EXPECT_NEAR(init.losses()[0], std::log(2.0), 1e-6);
  EXPECT_NE(init.losses()[1], init.losses()[0]);  // the copy is frozen, the policy is not
}

TEST(Reference, StoredLogProbsGiveTheSameTrajectoryAsComputedOnes) {
  TrainFixture computed("computed"), stored("stored");
  make_dpo(computed, 2);  // one epoch
  make_dpo(stored, 4);    // two: stored before the first step
  computed.run();
  stored.run();
  EXPECT_EQ(num_reference_files(computed.job.output), 0);
  EXPECT_EQ(num_reference_files(stored.job.output), 1);
  for (int step = 0; step < 2; ++step) EXPECT_NEAR(computed.losses()[step], stored.losses()[step], 1e-6);
}

TEST(Reference, AStoredFileIsUsedAgainAndNotForOtherWeights) {
  TrainFixture first("reused");
  make_dpo(first, 4);
  first.run();
  const int64_t forwards = first.decoder.num_forwards;
  TrainFixture again("reused", 0, /*clean=*/false);
  make_dpo(again, 4);
  again.run();
  EXPECT_EQ(again.decoder.num_forwards, forwards - 2);  // 8 pairs in batches of 4
  EXPECT_EQ(again.losses(), first.losses());
  TrainFixture other("reused", 0, /*clean=*/false);
  make_dpo(other, 4);
  {
    const at::NoGradGuard no_grad;
    other.decoder.embedding().mul_(1.5);
  }
  other.run();
  EXPECT_EQ(num_reference_files(other.job.output), 2);
}

TEST(Reference, WithoutAnAdapterItIsTheInitialWeights) {
  TrainFixture fixture("full");
  make_dpo(fixture, 20);
  fixture.decoder.projection().detach_adapter();
  train_all_weights(fixture.decoder);
  fixture.job.adapter_only = false;
  fixture.run();
  EXPECT_NEAR(fixture.losses().front(), std::log(2.0), 1e-6);
  EXPECT_LT(fixture.losses().back(), 0.5);
}

// 8 pairs: each prompt once, plus both answers; policy and reference.
TEST(Reference, ThePromptIsComputedOncePerPass) {
  TrainFixture fixture("shared");
  fixture.options.method = "dpo";
  fixture.options.max_steps = 1;
  fixture.job.preference = {{"xyz", "cd", "e", ""}};
  fixture.run();
  // BOS x y z + (c d EOS) + (e EOS) = 9 tokens, two passes.
  EXPECT_EQ(fixture.decoder.num_tokens_seen, 18);
}

}  // namespace
}  // namespace xlt
