// SPDX-License-Identifier: Apache-2.0
// What a checkpoint says is heeded: its stop tokens end generation; weights that are no numbers are an error.
#include "lm/decoder_lm.h"
#include "scratch_folder.h"

#include <limits>

#include <ATen/core/Tensor.h>
#include <ATen/ops/fill.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {
namespace {

constexpr int64_t kWordsVocab = 40;

// A byte is a token.
class ByteTokenizer : public Tokenizer {
 public:
  std::vector<int64_t> encode(std::string_view text, SpecialTokens) const override {
    std::vector<int64_t> ids;
    for (const unsigned char c : text) ids.push_back(c % kWordsVocab);
    return ids;
  }
  std::string decode(std::span<const int64_t> ids) const override { return std::string(ids.size(), 'x'); }
  int64_t vocab_size() const override { return kWordsVocab; }
  std::optional<int64_t> bos_id() const override { return std::nullopt; }
  std::optional<int64_t> eos_id() const override { return std::nullopt; }
  std::optional<int64_t> token_to_id(std::string_view) const override { return std::nullopt; }
  std::vector<int64_t> prefix_ids() const override { return {}; }
  std::vector<int64_t> suffix_ids() const override { return {}; }
};

class CheckpointWordsTest : public FolderTest {
 protected:
  // `break_it` changes the weights.
  std::unique_ptr<DecoderLm> make(std::vector<int64_t> stop_ids,
                                  const std::function<void(Decoder&)>& break_it = {}) const {
    const fs::path config = folder_ / "config.json";
    write_file(config, R"({"model_type":"llama","vocab_size":40,"hidden_size":16,"intermediate_size":24,
      "num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,"initializer_range":0.5})");
    auto decoder = make_decoder(config, kWordsVocab, Placement{}, Rng(1));
    if (break_it) break_it(*decoder);
    LanguageModelInfo info{.model = "models/broken", .dtype = "float32", .max_length = 100};
    return std::make_unique<DecoderLm>(std::move(decoder), std::make_unique<ByteTokenizer>(),
                                       std::move(stop_ids), std::move(info), /*batch_tokens=*/64, Context{});
  }
  static Completion greedy(DecoderLm& lm) {
    GenerationOptions options;
    options.greedy = true;
    options.max_new_tokens = 8;
    return lm.generate(std::vector<GenerateRequest>{{"prompt", "id"}}, options)[0][0];
  }
};

TEST_F(CheckpointWordsTest, GenerationEndsAtAnyStopTokenOfTheModel) {
  const Completion whole = greedy(*make({}));
  EXPECT_EQ(whole.finish_reason, FinishReason::kLength);
  const auto stop = std::find_if(whole.token_ids.begin() + 1, whole.token_ids.end(),
                                 [&](int64_t id) { return id != whole.token_ids.front(); });
  ASSERT_NE(stop, whole.token_ids.end());
  const Completion cut = greedy(*make({kWordsVocab + 5, *stop}));
  EXPECT_EQ(cut.finish_reason, FinishReason::kEos);
  EXPECT_EQ(cut.token_ids, std::vector<int64_t>(whole.token_ids.begin(), stop));
}

TEST_F(CheckpointWordsTest, NanWeightsAreAnErrorAndNoMissingScore) {
  const auto lm = make({}, [](Decoder& decoder) {
    for (const NamedParameter& parameter : decoder.parameters())
      if (parameter.name == "model.norm.weight")
        at::fill_(*parameter.tensor, std::numeric_limits<float>::quiet_NaN());
  });
  const std::vector<std::function<void()>> verbs = {
      [&] { lm->rolling_log_likelihood(std::vector<std::string>{"text"}, TextStart::kAsTokenized); },
      [&] {
        lm->generate(std::vector<GenerateRequest>{{"prompt", "id"}}, {.num_samples = 2});
      },
      [&] { greedy(*lm); }};
  for (const auto& verb : verbs) {
    try {
      verb();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      EXPECT_THAT(error.what(), testing::HasSubstr("models/broken: what the model gives is not finite"));
    }
  }
}

}  // namespace
}  // namespace xlt
