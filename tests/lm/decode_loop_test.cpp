// SPDX-License-Identifier: Apache-2.0
// Continuous batching: what a sample says depends neither on the room in the cache nor on the rows of a pass.
#include "lm/decode_loop.h"

#include "scratch_folder.h"

#include <map>
#include <utility>

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/nn/kv_cache.h"

namespace xlt {
namespace {

constexpr int64_t kVocab = 40, kNewTokens = 6, kNumSamples = 3;

class DecodeLoopTest : public FolderTest {
 protected:
  void SetUp() override {
    const fs::path config = folder_ / "config.json";
    write_file(config, R"({"model_type":"llama","vocab_size":40,"hidden_size":16,"intermediate_size":24,
      "num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,"initializer_range":0.5})");
    decoder_ = make_decoder(config, kVocab, Placement{}, Rng(1));
    Rng rng(2);
    for (const int64_t length : {3, 11, 1, 7, 5, 2, 9}) {
      DecodePrompt prompt;
      for (int64_t i = 0; i < length; ++i) prompt.ids.push_back(rng.below(kVocab));
      prompt.rng = rng.fork(static_cast<uint64_t>(prompts_.size()));
      prompts_.push_back(prompt);
    }
  }

  using Samples = std::map<std::pair<int64_t, int64_t>, std::vector<int64_t>>;  // of (prompt, sample)
  Samples samples(int64_t max_rows, int64_t cache_slots) {
    GenerationOptions options;
    options.max_new_tokens = kNewTokens;
    DecodeLoop loop(*decoder_, options, {7}, max_rows, cache_slots);
    Samples samples;
    loop.run(
        prompts_, kNumSamples,
        [&](int64_t prompt, int64_t sample, DecodedSample decoded) {
          EXPECT_TRUE(samples.emplace(std::pair(prompt, sample), decoded.ids).second);
        },
        [] {});
    return samples;
  }

  std::unique_ptr<Decoder> decoder_;
  std::vector<DecodePrompt> prompts_;
};

TEST_F(DecodeLoopTest, SamplesDependNeitherOnRoomNorOnRows) {
  constexpr int64_t kLongest = 11, kLeast = kLongest + kNewTokens;  // slots: one prompt with one sample
  const Samples expected = samples(100, 10000);
  EXPECT_EQ(expected.size(), prompts_.size() * kNumSamples);
  for (const int64_t slots : {kLeast, kLeast + 3, 2 * kLeast, int64_t{10000}})
    for (const int64_t rows : {1, 2, 5, 100})
      EXPECT_EQ(samples(rows, slots), expected) << rows << " rows, " << slots << " slots";
}

}  // namespace
}  // namespace xlt
