// SPDX-License-Identifier: Apache-2.0
// config.json: what is read, what no model can be, and that the weights are asked before it is believed.
#include "models/config_reader.h"

#include "models/family.h"
#include "models/rope_parameters.h"
#include "scratch_folder.h"

#include <functional>

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

Json llama() {
  return Json::parse(R"({"model_type":"llama","vocab_size":50,"hidden_size":32,"intermediate_size":48,
    "num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-6,"rope_theta":10000.0,
    "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
                    "original_max_position_embeddings":16}})");
}
Json gemma() {
  return Json::parse(R"({"model_type":"gemma3_text","vocab_size":50,"hidden_size":32,"intermediate_size":48,
    "num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":1,"head_dim":16,"sliding_window":4,
    "rope_theta":1000000.0,"rope_local_base_freq":10000.0})");
}

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
    return error.what();
  }
  return "nothing was thrown";
}

std::string failure_of(DecoderMaker make, Json json, const char* key, const Json& value) {
  json[key] = value;
  return failure_of([&] { make(ConfigReader(json, "config.json", 100)); });
}

TEST(ConfigReader, RefusesWhatNoModelCanBeAndNamesTheKey) {
  const auto fails = [](DecoderMaker make, const Json& json, const char* key, const Json& value) {
    EXPECT_THAT(failure_of(make, json, key, value), HasSubstr(std::string("config.json: ") + key))
        << key << " " << value;
  };
  for (const char* key :
       {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "max_position_embeddings"})
    for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1} << 31, int64_t{1} << 62})
      fails(make_llama, llama(), key, value);
  fails(make_llama, llama(), "max_position_embeddings", 1);
  fails(make_llama, llama(), "head_dim", 5);
  fails(make_llama, llama(), "rms_norm_eps", -1);
  fails(make_llama, llama(), "rope_theta", 0);
  fails(make_llama, llama(), "initializer_range", -0.5);
  fails(make_mistral, llama(), "sliding_window", -1);
  fails(make_mistral, llama(), "sliding_window", int64_t{1} << 62);
  fails(make_gemma3_text, gemma(), "sliding_window_pattern", 0);
  fails(make_gemma3_text, gemma(), "query_pre_attn_scalar", 0);
  fails(make_gemma3_text, gemma(), "final_logit_softcapping", -30);
  fails(make_gemma3_text, gemma(), "use_bidirectional_attention", true);
}

TEST(ConfigReader, ATensorBeyondAnyFileIsRefusedAndItsSizeDoesNotWrap) {
  Json json = llama();
  json["head_dim"] = 1 << 30;
  json["num_attention_heads"] = 1 << 30;
  json["num_key_value_heads"] = 1;
  EXPECT_THAT(failure_of([&] { make_llama(ConfigReader(json, "config.json", 100)); }),
              HasSubstr("too large to be true"));
}

TEST(ConfigReader, MoreLayersThanTheWeightsHaveRoomForAreRefusedAtOnce) {
  const ScratchFolder folder;
  Json json = llama();
  json["num_hidden_layers"] = 1'000'000;
  write_file(folder.path() / "config.json", dump_json(json));
  save_safetensors(folder.path() / "model.safetensors", {{"model.norm.weight", at::zeros({32})}});
  EXPECT_THAT(failure_of([&] { load_decoder(folder.path(), Placement{}, Context{}); }),
              HasSubstr("num_hidden_layers: says 1000000; the weights have room for 1"));
}

// Tensors of no elements cost a hundred bytes of the file each, layers kilobytes of memory.
TEST(ConfigReader, NorAreThereMoreLayersThanAnyModelHas) {
  const ScratchFolder folder;
  Json json = llama();
  json["num_hidden_layers"] = 5000;
  write_file(folder.path() / "config.json", dump_json(json));
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (int i = 0; i < 5000; ++i) tensors.emplace_back(str_cat("t", i), at::zeros({0}));
  save_safetensors(folder.path() / "model.safetensors", tensors);
  EXPECT_THAT(failure_of([&] { load_decoder(folder.path(), Placement{}, Context{}); }),
              HasSubstr("num_hidden_layers: says 5000; the weights have room for 4096"));
}

TEST(ConfigReader, AnAliasIsReadWhereTheKeyIsAbsentAndNamedInErrors) {
  const Json json = Json::parse(R"({"n_embd":8,"n_layer":-2,"hidden":1})");
  const ConfigReader reader =
      ConfigReader(json, "config.json", 10)
          .with_aliases({{"hidden_size", "n_embd"}, {"num_hidden_layers", "n_layer"}});
  EXPECT_EQ(reader.size("hidden_size"), 8);
  EXPECT_THAT(failure_of([&] { reader.size("num_hidden_layers"); }), HasSubstr("config.json: n_layer"));
  EXPECT_EQ(reader.size("n_inner", 32), 32);
}

TEST(ConfigReader, NullIsNotAbsence) {
  const Json json = Json::parse(R"({"sliding_window":null})"), empty = Json::object();
  EXPECT_EQ(ConfigReader(json, "config.json", 10).size_or_none("sliding_window", 4096), 0);
  EXPECT_EQ(ConfigReader(empty, "config.json", 10).size_or_none("sliding_window", 4096), 4096);
}

LayerRopes ropes_of(const Json& json, int64_t head_dim) {
  ModelConfig config;
  config.head_dim = head_dim;
  return read_ropes(ConfigReader(json, "config.json", 10), config, 10000.0);
}

TEST(RopeParameters, BothLayoutsGiveTheSameFrequencies) {
  const Json old_layout = gemma();
  Json new_layout = old_layout;
  new_layout.erase("rope_theta");
  new_layout.erase("rope_local_base_freq");
  new_layout["rope_parameters"] =
      Json::parse(R"({"full_attention":{"rope_type":"default","rope_theta":1000000.0},
                      "sliding_attention":{"rope_type":"default","rope_theta":10000.0}})");
  const LayerRopes a = ropes_of(old_layout, 16), b = ropes_of(new_layout, 16);
  EXPECT_EQ(a.full.inverse_frequencies(), b.full.inverse_frequencies());
  EXPECT_EQ(a.sliding.inverse_frequencies(), b.sliding.inverse_frequencies());
  EXPECT_NE(a.full.inverse_frequencies(), a.sliding.inverse_frequencies());
}

TEST(RopeParameters, Llama3ScalingDividesLongWavelengthsByTheFactor) {
  const Json json = llama();
  RopeParameters rope = ropes_of(json, 8).full;
  const auto scaled = rope.inverse_frequencies();
  rope.rope_type = "default";
  const auto plain = rope.inverse_frequencies();
  // head_dim 8: wavelengths 2π·10000^(2i/8) = 6.3, 63, 628, 6283. Long: beyond 16/1. Short: below 16/4 — none
  // here; the first lies between and is blended: smooth = (16/6.283 − 1)/3 = 0.5155; 0.4845/8 + 0.5155 =
  // 0.5761.
  EXPECT_NEAR(scaled[0] / plain[0], 0.5761, 1e-3);
  for (int i = 1; i < 4; ++i) EXPECT_FLOAT_EQ(scaled[i], plain[i] / 8);
}

TEST(RopeParameters, FactorsThatDivideByZeroAreRefused) {
  Json json = llama();
  json["rope_scaling"]["low_freq_factor"] = 4.0;
  EXPECT_THAT(failure_of([&] { ropes_of(json, 8); }),
              HasSubstr("config.json: rope_scaling: high_freq_factor must be above"));
}

}  // namespace
}  // namespace xlt
