// SPDX-License-Identifier: Apache-2.0
// What each family reads of config.json beyond what all share: the tensors it then asks for, its windows.
#include "models/family.h"
#include "models/layer_types.h"
#include "models/rope_parameters.h"

#include <algorithm>
#include <set>

#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/head/token_logps.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

Json small(const std::string& changes = "{}") {
  Json json = Json::parse(R"({"model_type":"any","vocab_size":20,"hidden_size":16,"intermediate_size":24,
    "num_hidden_layers":4,"num_attention_heads":2,"num_key_value_heads":1,"head_dim":8})");
  json.update(Json::parse(changes));
  return json;
}

// Names of the first layer's tensors without their common beginning, and of those outside the layers.
std::set<std::string> tensors(DecoderMaker make, const Json& json) {
  std::set<std::string> names;
  for (const NamedParameter& parameter : make(ConfigReader(json, "config.json", 100))->parameters()) {
    const std::string name = parameter.name, layers = "model.layers.";
    if (!name.starts_with(layers)) names.insert(name);
    if (name.starts_with(layers + "0.")) names.insert(name.substr(layers.size() + 2));
  }
  return names;
}

std::vector<int64_t> windows(const std::string& changes) {
  const Json json = small(changes);
  return read_upper_windows(ConfigReader(json, "config.json", 100), 4);
}

TEST(Cohere, ScalesItsLogitsAndMayHaveNormsOnQueriesAndKeys) {
  const Json json = small(R"({"logit_scale":0.25})");
  EXPECT_EQ(make_cohere(ConfigReader(json, "config.json", 100))->head_options().logit_scale, 0.25);
  EXPECT_FALSE(tensors(make_cohere, small()).contains("input_layernorm.bias"));
  EXPECT_FALSE(tensors(make_cohere, small()).contains("self_attn.q_norm.weight"));
  EXPECT_THAT(tensors(make_cohere, small(R"({"use_qk_norm":true})")),
              IsSupersetOf({"self_attn.q_norm.weight", "self_attn.k_norm.weight"}));
}

TEST(Qwen2, HasBiasesOnQueriesKeysAndValuesOnly) {
  const auto names = tensors(make_qwen2, small());
  EXPECT_THAT(names,
              IsSupersetOf({"self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"}));
  EXPECT_FALSE(names.contains("self_attn.o_proj.bias"));
  EXPECT_FALSE(names.contains("mlp.up_proj.bias"));
}

TEST(Qwen3, HasNormsOnQueriesAndKeysInsteadOfBiases) {
  const auto names = tensors(make_qwen3, small());
  EXPECT_THAT(names, IsSupersetOf({"self_attn.q_norm.weight", "self_attn.k_norm.weight"}));
  EXPECT_FALSE(names.contains("self_attn.q_proj.bias"));
}

TEST(Qwen, OnlyUpperLayersHaveAWindowAndOnlyWhereItIsSwitchedOn) {
  EXPECT_THAT(windows(R"({"sliding_window":64,"max_window_layers":2})"), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(windows(R"({"use_sliding_window":true,"sliding_window":64,"max_window_layers":2})"),
              ElementsAre(0, 0, 64, 64));
  EXPECT_THAT(windows(R"({"use_sliding_window":true,"sliding_window":64,"max_window_layers":2,
    "layer_types":["sliding_attention","full_attention","full_attention","sliding_attention"]})"),
              ElementsAre(64, 0, 0, 64));
}

TEST(Gemma2, CapsLogitsUnlessNullSaysOtherwise) {
  const auto cap = [](const std::string& changes) {
    const Json json = small(changes);
    return make_gemma2(ConfigReader(json, "config.json", 100))->head_options().softcap;
  };
  EXPECT_EQ(cap("{}"), 30);
  EXPECT_EQ(cap(R"({"final_logit_softcapping":null})"), 0);
  EXPECT_EQ(cap(R"({"final_logit_softcapping":20.0})"), 20);
  EXPECT_FALSE(tensors(make_gemma2, small()).contains("self_attn.q_norm.weight"));
  EXPECT_TRUE(tensors(make_gemma3_text, small()).contains("self_attn.q_norm.weight"));
}

TEST(Gemma3, ItsTextConfigIsReadAndSavedAsATextModel) {
  Json json = {{"model_type", "gemma3"}, {"eos_token_id", {1, 106}}, {"vision_config", Json::object()}};
  json["text_config"] = {{"hidden_size", 16}, {"num_hidden_layers", 7}, {"head_dim", 8}, {"vocab_size", 20}};
  const auto decoder = make_gemma3(ConfigReader(json, "config.json", 100));
  EXPECT_EQ(decoder->config().num_attention_heads, 8);
  EXPECT_EQ(decoder->config().model_type, "gemma3_text");
  decoder->update_config(json);
  EXPECT_EQ(json.at("model_type"), "gemma3_text");
  EXPECT_EQ(json.at("eos_token_id"), Json({1, 106}));
  EXPECT_FALSE(json.contains("vision_config"));
  json["text_config"] = 3;
  EXPECT_THROW(make_gemma3(ConfigReader(json, "config.json", 100)), Error);
}

std::string refusal(DecoderMaker make, const std::string& changes) {
  const Json json = small(changes);
  try {
    make(ConfigReader(json, "config.json", 100));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Phi3, AStretchedOneIsRunWithinTheLengthItWasFirstTrainedOn) {
  const Json json = small(R"({"max_position_embeddings":4096,"original_max_position_embeddings":64,
    "rope_scaling":{"type":"longrope","short_factor":[1,2,3,4],"long_factor":[5,6,7,8]}})");
  EXPECT_EQ(make_phi3(ConfigReader(json, "config.json", 100))->config().max_position_embeddings, 64);
  EXPECT_THAT(refusal(make_phi3, R"({"rope_scaling":{"type":"su","short_factor":[1,2]}})"),
              testing::HasSubstr("short_factor: has 2 entries instead of 4"));
}

TEST(RopeParameters, NoFamilyRunsLongRopeBeyondTheLengthItWasFirstTrainedOn) {
  const Json json =
      small(R"({"max_position_embeddings":4096,"original_max_position_embeddings":64,"head_dim":8,
    "rope_scaling":{"type":"longrope","short_factor":[1,2,3,4],"long_factor":[5,6,7,8]}})");
  for (auto make : {make_llama, make_mistral, make_qwen2, make_qwen3, make_smollm3, make_olmo2, make_cohere})
    EXPECT_EQ(make(ConfigReader(json, "config.json", 100))->config().max_position_embeddings, 64);
}

TEST(RopeParameters, ScalingsThatWeDoNotKnowAreRefusedByName) {
  EXPECT_THAT(
      refusal(make_llama, R"({"rope_scaling":{"rope_type":"dynamic","factor":4.0}})"),
      testing::HasSubstr("\"dynamic\" is not supported; supported: default, linear, llama3, longrope, yarn"));
}

RopeParameters ropes(const std::string& scaling) {
  const Json json = small(R"({"max_position_embeddings":256,"rope_scaling":)" + scaling + "}");
  ModelConfig config;
  config.head_dim = 8;
  return read_ropes(ConfigReader(json, "config.json", 100), config, /*theta=*/10000.0).full;
}

// Pairs of a head of 8 turn 64/2π · 10^−i = 10.186, 1.0186 … times within 64 tokens. So pair log10(10.186 /
// t) turns t times: 0.008 for 10 and 1.008 for 1, and in whole pairs the line goes from 0 to 2.
TEST(RopeParameters, YarnKeepsFastPairsAndStretchesSlowOnes) {
  const RopeParameters rope = ropes(
      R"({"type":"yarn","factor":4.0,"original_max_position_embeddings":64,"beta_fast":10,"beta_slow":1})");
  const auto rates = rope.inverse_frequencies();
  ASSERT_EQ(rates.size(), 4u);
  EXPECT_FLOAT_EQ(rates[0], 1);
  EXPECT_FLOAT_EQ(rates[1], 0.1f * (0.5f + 0.5f / 4));
  EXPECT_FLOAT_EQ(rates[2], 0.01f / 4);
  EXPECT_FLOAT_EQ(rates[3], 0.001f / 4);
  EXPECT_NEAR(rope.attention_factor, 1.1386294, 1e-6);  // 1 + 0.1 · ln 4
}

TEST(RopeParameters, YarnTakesWhatItIsNotToldFromTheLengths) {
  const RopeParameters rope = ropes(
      R"({"type":"yarn","factor":null,"original_max_position_embeddings":64,"truncate":false,"beta_fast":10})");
  EXPECT_EQ(rope.factor, 4);
  EXPECT_FLOAT_EQ(rope.inverse_frequencies()[0], 1);
  // Pair 1 is 0.992 of the way from 0.008 to 1.008, and a stretch by 4 takes three quarters of a rate.
  EXPECT_NEAR(rope.inverse_frequencies()[1], 0.1 * (1 - 0.75 * 0.992), 1e-6);
  EXPECT_NEAR(ropes(R"({"type":"yarn","factor":4,"mscale":2,"mscale_all_dim":1})").attention_factor,
              1.2772589 / 1.1386294, 1e-6);
  EXPECT_EQ(ropes(R"({"type":"yarn","factor":4,"attention_factor":0.5})").attention_factor, 0.5);
  EXPECT_THAT(
      refusal(make_llama, R"({"rope_scaling":{"type":"yarn","factor":4,"beta_fast":1,"beta_slow":2}})"),
      testing::HasSubstr("beta_slow must be above 0, and beta_fast not below it"));
}

TEST(Gpt2, ReadsItsOwnKeysAndHasATableOfPositions) {
  const Json json = {{"model_type", "gpt2"}, {"vocab_size", 20}, {"n_embd", 16},
                     {"n_layer", 1},         {"n_head", 2},      {"n_positions", 32}};
  const auto decoder = make_gpt2(ConfigReader(json, "config.json", 100));
  EXPECT_EQ(decoder->config().max_position_embeddings, 32);
  EXPECT_TRUE(decoder->config().tie_word_embeddings);
  // Embeddings, positions, two norms, four matrices with biases (8 + 3 + 1 parts of 16 × 16), the last norm.
  EXPECT_EQ(decoder->num_parameters(),
            (20 + 32) * 16 + 2 * 32 + (48 + 16 + 64 + 64) * 16 + (48 + 16 + 64 + 16) + 32);
}

TEST(Families, TheTableIsSortedAndEveryRowMakesADecoder) {
  const auto names = family_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  Json json = small();
  json["text_config"] = small();
  for (const DecoderFamily& family : decoder_families())
    EXPECT_GT(family.make(ConfigReader(json, "config.json", 100))->num_parameters(), 0) << family.name;
}

}  // namespace
}  // namespace xlt
