// SPDX-License-Identifier: Apache-2.0
// Where each byte goes: Llama 3.1 8B by hand; the real models' peaks are measured beside it in
// src/README.md.
#include "xlt/train/memory_estimate.h"

#include <gtest/gtest.h>

namespace xlt {
namespace {

// hidden 4096, 32 layers, 32 heads and 8 key heads of 128, MLP 14336, vocabulary 128256, nothing tied.
DecoderFootprint llama_8b(bool in_4_bits) {
  constexpr int64_t kLayers = 32, kHidden = 4096, kMlp = 14336, kKeys = 1024, kVocabulary = 128256;
  DecoderFootprint model{
      .num_linears = 7 * kLayers, .num_layers = kLayers, .hidden_size = kHidden, .vocab_size = kVocabulary};
  model.in_features = kLayers * (6 * kHidden + kMlp);                   // q k v o gate up; down
  model.out_features = kLayers * (3 * kHidden + 2 * kKeys + 2 * kMlp);  // q o down; k v; gate up
  model.back_features = kLayers * (kHidden + kMlp);                     // o; down
  model.largest_matrix = kHidden * kMlp;
  const int64_t matrices = kLayers * kHidden * (2 * kHidden + 2 * kKeys + 3 * kMlp);
  const int64_t others = 2 * kVocabulary * kHidden + (2 * kLayers + 1) * kHidden;
  model.num_parameters = matrices + others;
  // 4 bits, a float32 scale of every 64 and what it was made of: a byte, and 4 bytes of every 64 · 256.
  if (in_4_bits) model.quantized_bytes = matrices / 2 + matrices / 64 * 5 + matrices / 64 / 256 * 4;
  model.weight_bytes = 2 * others + (in_4_bits ? model.quantized_bytes : 2 * matrices);
  return model;
}

// DPO: 4 pairs of 512 tokens each side that share nothing.
constexpr MemoryQuestion kDpo{.lora_r = 64, .gradient_checkpointing = true, .batch_tokens = 4 * 2 * 512};
constexpr Placement kGpu{.is_cuda = true, .dtype = DType::kBFloat16};

TEST(MemoryEstimate, Llama8BDpoFitsIn24GigabytesIn4BitsAndIn40InBfloat16) {
  const MemoryEstimate nf4 = estimate_memory(llama_8b(true), kGpu, kDpo);
  EXPECT_EQ(llama_8b(true).num_parameters, 8030261248);
  EXPECT_EQ(nf4.adapter, 4 * int64_t{167772160});  // what PEFT counts as trainable at r = 64
  EXPECT_EQ(nf4.gradients, nf4.adapter);
  EXPECT_EQ(nf4.optimizer, 2 * nf4.adapter);
  EXPECT_EQ(nf4.base_weights, 2 * int64_t{1050939392} + 3489660928 + 545259520 + 1703936);
  // Of each layer its input twice (as it is and normed), of one layer all: 78,272 numbers a token.
  EXPECT_EQ(nf4.layers, 4096 * 2 * (2 * 4096 * int64_t{32} + 78272));
  EXPECT_LT(nf4.total(), int64_t{24} << 30);
  EXPECT_LT(nf4.total(), 24'000'000'000);
  const MemoryEstimate bf16 = estimate_memory(llama_8b(false), kGpu, kDpo);
  EXPECT_EQ(bf16.base_weights, 2 * int64_t{8030261248});
  EXPECT_LT(bf16.total(), 40'000'000'000);
}

TEST(MemoryEstimate, CheckpointingTakesAwayMostOfWhatLayersKeep) {
  MemoryQuestion question = kDpo;
  question.gradient_checkpointing = false;
  const MemoryEstimate without = estimate_memory(llama_8b(true), kGpu, question);
  EXPECT_EQ(without.layers, 4096 * 2 * 32 * int64_t{78272});
  EXPECT_GT(without.layers, 6 * estimate_memory(llama_8b(true), kGpu, kDpo).layers);
}

TEST(MemoryEstimate, AllWeightsHaveGradientsMomentsAndInHalfPrecisionMasters) {
  const MemoryEstimate all = estimate_memory(llama_8b(false), kGpu, {.optimizer = "adamw"});
  const int64_t count = 8030261248;
  EXPECT_EQ(all.weights(), 2 * count);
  EXPECT_EQ(all.gradients, 2 * count);
  EXPECT_EQ(all.optimizer, 3 * 4 * count);
  EXPECT_EQ(estimate_memory(llama_8b(false), Placement{}, {.optimizer = "sgd"}).optimizer, 0);
}

}  // namespace
}  // namespace xlt
