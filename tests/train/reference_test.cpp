// SPDX-License-Identifier: Apache-2.0
// Where the reference log-probs come from.
#include "train/fingerprint.h"
#include "train/train_testing.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/clone.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

void make_dpo(TrainFixture& fixture, int64_t max_steps) {
  fixture.options.method = "dpo";
  fixture.options.batch_size = 4;
  fixture.options.max_steps = max_steps;
  fixture.job.records.pairs = letter_pairs(8);
}

// Folders of models, and files in them.
int64_t num_entries(const fs::path& cache, bool files) {
  std::error_code error;
  int64_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(cache, error))
    count += entry.is_regular_file() == files;
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

// 8 pairs in batches of 4, two epochs: 4 passes of the policy, 2 of the reference.
TEST(Reference, EachRowIsComputedOnceHoweverManyEpochs) {
  TrainFixture fixture("epochs");
  make_dpo(fixture, 4);
  const TrainResult result = fixture.run();
  EXPECT_EQ(fixture.decoder.num_forwards, 4 + 2);
  EXPECT_EQ(result.reference->computed, 8);
  EXPECT_EQ(result.reference->reused, 0);
  EXPECT_EQ(num_entries(fixture.job.output / "reference", /*files=*/true), 1);
}

TEST(Reference, AnotherBetaSeedLengthOrSplitComputesNothingAgain) {
  const fs::path cache = fresh_folder("shared_cache");
  TrainFixture first("first_run");
  make_dpo(first, 2);
  first.job.reference_cache = cache;
  first.run();
  EXPECT_EQ(num_entries(first.job.output / "reference", /*files=*/true), 0);
  const auto change = [](TrainFixture& fixture, int what) {
    if (what == 0) set_option(visit_of(fixture.options.method_options), "beta", "0.7");
    if (what == 1) fixture.job.seed = 99;
    if (what == 2) fixture.options.max_steps = 6;
    if (what == 3) fixture.options.eval_split = 0.25;
    if (what == 4) fixture.options.batch_size = 1;
    if (what == 5) std::reverse(fixture.job.records.pairs.begin(), fixture.job.records.pairs.end());
  };
  for (int what = 0; what < 6; ++what) {
    TrainFixture other("other_run");
    make_dpo(other, 2);
    other.job.reference_cache = cache;
    change(other, what);
    const TrainResult result = other.run();
    const int64_t num_evaluations = what == 3 ? 1 : 0;
    EXPECT_EQ(other.decoder.num_forwards, other.options.max_steps + num_evaluations) << what;
    EXPECT_EQ(result.reference->computed, 0) << what;
    EXPECT_EQ(result.reference->reused, what == 4 ? 2 : 8) << what;
  }
}

TEST(Reference, WeightsWhoseFingerprintIsGivenAreNotReadForIt) {
  const fs::path cache = fresh_folder("given_fingerprint");
  for (const char* given : {"", "found before", "of others"}) {
    TrainFixture fixture("given");
    make_dpo(fixture, 2);
    fixture.job.reference_cache = cache;
    if (given == std::string("found before"))
      fixture.job.weights_fingerprint = fingerprint_of_weights(*fixture.job.decoder);
    if (given == std::string("of others")) fixture.job.weights_fingerprint = given;
    const bool is_known = given == std::string("found before");
    EXPECT_EQ(fixture.run().reference->computed, is_known ? 0 : 8) << given;
  }
  EXPECT_EQ(num_entries(cache, /*files=*/false), 2);  // folders
}

TEST(Reference, OnlyNewRowsAreComputed) {
  const fs::path cache = fresh_folder("growing_cache");
  for (const int64_t num_rows : {4, 6}) {
    TrainFixture fixture("growing");
    make_dpo(fixture, 2);
    fixture.job.records.pairs.resize(num_rows);
    fixture.options.batch_size = 3;
    fixture.job.reference_cache = cache;
    const TrainResult result = fixture.run();
    EXPECT_EQ(result.reference->computed, num_rows == 4 ? 4 : 2);
    EXPECT_EQ(result.reference->reused, num_rows == 4 ? 0 : 4);
  }
}

TEST(Reference, StoredLogProbsGiveTheSameTrajectoryAsComputedOnes) {
  const fs::path cache = fresh_folder("same_cache");
  TrainFixture computed("computed"), stored("stored");
  for (TrainFixture* fixture : {&computed, &stored}) {
    make_dpo(*fixture, 4);
    fixture->job.reference_cache = cache;
    fixture->run();
  }
  EXPECT_EQ(computed.losses(), stored.losses());
  EXPECT_EQ(computed.adapter_values(), stored.adapter_values());
}

// The sum of the bits of a permuted matrix is that of the matrix.
TEST(Reference, F12PermutedWeightsAreAnotherModel) {
  const fs::path cache = fresh_folder("permuted_cache");
  for (const bool permuted : {false, true}) {
    TrainFixture fixture("permuted");
    make_dpo(fixture, 2);
    fixture.job.reference_cache = cache;
    if (permuted) {
      const at::NoGradGuard no_grad;
      const at::Tensor first = fixture.decoder.embedding()['c'].clone();
      fixture.decoder.embedding()['c'].copy_(fixture.decoder.embedding()['d']);
      fixture.decoder.embedding()['d'].copy_(first);
    }
    EXPECT_EQ(fixture.run().reference->computed, 8);
  }
  EXPECT_EQ(num_entries(cache, /*files=*/false), 2);
}

TEST(Reference, WhatElseTellsModelsApartIsPartOfTheName) {
  const fs::path cache = fresh_folder("named_cache");
  for (const char* model : {"config a", "config b"}) {
    TrainFixture fixture("named");
    make_dpo(fixture, 2);
    fixture.job.reference_cache = cache;
    fixture.job.reference_model = model;
    EXPECT_EQ(fixture.run().reference->computed, 8);
  }
  TrainFixture init("named_init");  // the base model, then the adapter it begins with
  make_dpo(init, 2);
  move_adapter(init);
  init.options.reference = "init";
  init.job.reference_cache = cache;
  init.job.reference_model = "config a";
  EXPECT_EQ(init.run().reference->computed, 8);
}

TEST(Reference, ADamagedFileIsComputedAgain) {
  const auto replace = [](const fs::path& file) { write_file(file, "not what it was"); };
  // The last bytes are of a number.
  const auto flip = [](const fs::path& file) {
    std::string bytes = read_file(file);
    bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 0x7f);
    write_file(file, bytes);
  };
  for (const std::function<void(const fs::path&)>& damage :
       std::vector<std::function<void(const fs::path&)>>{replace, flip}) {
    const fs::path cache = fresh_folder("damaged_cache");
    std::vector<double> losses;
    for (int i = 0; i < 2; ++i) {
      TrainFixture fixture("damaged");
      make_dpo(fixture, 2);
      fixture.job.reference_cache = cache;
      EXPECT_EQ(fixture.run().reference->computed, 8);
      if (i > 0) EXPECT_EQ(fixture.losses(), losses);
      losses = fixture.losses();
      for (const auto& entry : fs::recursive_directory_iterator(cache))
        if (entry.is_regular_file()) damage(entry.path());
    }
  }
}

TEST(Reference, RowsOfTextsHaveNone) {
  TrainFixture fixture("no_reference");
  fixture.job.records.texts = letter_texts(4);
  fixture.options.max_steps = 1;
  EXPECT_FALSE(fixture.run().reference.has_value());
  EXPECT_FALSE(fs::exists(fixture.job.output / "reference"));
}

TEST(Fingerprint, IsOfEveryByteInItsPlaceAtAnyNumberOfThreads) {
  const at::Tensor tensor = random_tensor({700, 1000}, Rng(1));  // 2.8 MB: three blocks
  const Hash128 hash = fingerprint(tensor);
  EXPECT_EQ(fingerprint(tensor.clone()), hash);
  for (const int64_t row : {0, 350, 699}) {
    at::Tensor other = tensor.clone();
    const at::Tensor moved = other[row].clone();
    other[row].copy_(other[(row + 1) % 700]);
    other[(row + 1) % 700].copy_(moved);
    EXPECT_NE(fingerprint(other), hash) << row;
  }
  EXPECT_NE(fingerprint(tensor.view({1000, 700})), hash);
  EXPECT_NE(fingerprint(tensor.to(at::kDouble)), hash);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_EQ(fingerprint(tensor), hash);
  at::set_num_threads(3);
  EXPECT_EQ(fingerprint(tensor), hash);
  at::set_num_threads(threads);
}

// Whole words and not; more words than one chunk; signs alone, which are the words' highest bits.
TEST(Fingerprint, OnADeviceIsOfEveryByteInItsPlace) {
  const at::Tensor large = random_tensor({3000, 3000}, Rng(1));
  for (const at::Tensor& tensor : {large, large.narrow(0, 0, 7).narrow(1, 0, 3), large.to(at::kBFloat16)}) {
    const Hash128 hash = fingerprint_on_device(tensor);
    EXPECT_EQ(fingerprint_on_device(tensor.clone()), hash);
    EXPECT_NE(fingerprint_on_device(tensor.t()), hash);
    EXPECT_NE(fingerprint_on_device(tensor.reshape({-1})), hash);
    const int64_t last = tensor.size(0) - 1;
    for (const int64_t row : {int64_t{0}, last / 2, last}) {
      at::Tensor other = tensor.clone();
      other[row][1].neg_();
      EXPECT_NE(fingerprint_on_device(other), hash) << row;
      other[last - row][1].neg_();
      EXPECT_EQ(fingerprint_on_device(other) == hash, row == last - row) << row;
      other = tensor.clone();
      other[row].copy_(tensor[(row + 1) % (last + 1)]);
      other[(row + 1) % (last + 1)].copy_(tensor[row]);
      EXPECT_NE(fingerprint_on_device(other), hash) << row;
    }
  }
  // A view that does not begin with a word of memory is what its copy is.
  const at::Tensor inner = large.view({-1}).narrow(0, 1, 8);
  EXPECT_EQ(fingerprint_on_device(inner), fingerprint_on_device(inner.clone()));
  EXPECT_NE(fingerprint_on_device(large), fingerprint(large));
  EXPECT_EQ(fingerprint_on_device(at::zeros({0, 3})), fingerprint_on_device(at::zeros({0, 3})));
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
  fixture.job.records.pairs = {{"xyz", "cd", "e", ""}};
  fixture.run();
  // BOS x y z + (c d EOS) + (e EOS) = 9 tokens, two passes.
  EXPECT_EQ(fixture.decoder.num_tokens_seen, 18);
}

}  // namespace
}  // namespace xlt
