// SPDX-License-Identifier: Apache-2.0
// PEFT adapter folders: round trip, and what is refused.
#include "xlt/checkpoint/adapter.h"

#include "scratch_folder.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;

class AdapterFolder : public FolderTest {
 protected:
  AdapterFolder() {
    adapter_.config = {
        .r = 2, .lora_alpha = 8, .target_modules = {"v_proj", "q_proj"}, .base_model_name_or_path = "base"};
    adapter_.modules["model.layers.0.self_attn.q_proj"] = {at::arange(6, at::kFloat).view({2, 3}),
                                                           at::zeros({4, 2})};
    adapter_.modules["model.layers.0.self_attn.v_proj"] = {at::zeros({2, 3}),
                                                           at::arange(8, at::kFloat).view({4, 2})};
  }

  void set_option(const std::string& key, const Json& value) {
    Json config = load_json(folder_ / "adapter_config.json");
    config[key] = value;
    write_file(folder_ / "adapter_config.json", dump_json(config));
  }
  std::string load_error() const {
    try {
      load_adapter(folder_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
  }
  void save_weights(const std::vector<std::pair<std::string, at::Tensor>>& tensors) const {
    save_safetensors(folder_ / "adapter_model.safetensors", tensors);
  }

  Adapter adapter_;
};

constexpr const char* kQuery = "base_model.model.model.layers.0.self_attn.q_proj";

TEST_F(AdapterFolder, RoundTripKeepsConfigAndWeights) {
  save_adapter(folder_, adapter_);
  const Adapter loaded = load_adapter(folder_);
  EXPECT_EQ(loaded.config.r, 2);
  EXPECT_EQ(loaded.config.lora_alpha, 8);
  EXPECT_EQ(loaded.config.base_model_name_or_path, "base");
  EXPECT_EQ(loaded.config.target_modules, (std::vector<std::string>{"q_proj", "v_proj"}));
  ASSERT_EQ(loaded.modules.size(), 2U);
  for (const auto& [name, pair] : adapter_.modules) {
    EXPECT_TRUE(at::equal(loaded.modules.at(name).a, pair.a)) << name;
    EXPECT_TRUE(at::equal(loaded.modules.at(name).b, pair.b)) << name;
  }
}

TEST_F(AdapterFolder, KeysOnDiskAreThoseOfPeft) {
  save_adapter(folder_, adapter_);
  const auto reader = SafetensorsReader::open(folder_ / "adapter_model.safetensors");
  EXPECT_TRUE(reader.has(std::string(kQuery) + ".lora_A.weight"));
  EXPECT_TRUE(reader.has(std::string(kQuery) + ".lora_B.weight"));
}

TEST_F(AdapterFolder, HalfPrecisionWeightsBecomeFloat32) {
  save_adapter(folder_, adapter_);
  save_weights({{std::string(kQuery) + ".lora_A.weight", at::zeros({2, 3}, at::kBFloat16)},
                {std::string(kQuery) + ".lora_B.weight", at::zeros({4, 2}, at::kBFloat16)}});
  EXPECT_EQ(load_adapter(folder_).modules.at("model.layers.0.self_attn.q_proj").a.scalar_type(), at::kFloat);
}

TEST(AdapterConfig, ScaleIsAlphaOverRank) {
  EXPECT_DOUBLE_EQ((AdapterConfig{.r = 64, .lora_alpha = 16}.scale()), 0.25);
}

TEST(AdapterConfig, RankStabilisedScaleIsAlphaOverRootOfRank) {
  EXPECT_DOUBLE_EQ((AdapterConfig{.r = 64, .lora_alpha = 16, .use_rslora = true}.scale()), 2.0);
}

TEST_F(AdapterFolder, RankStabilisedOptionRoundTrips) {
  adapter_.config.use_rslora = true;
  save_adapter(folder_, adapter_);
  EXPECT_TRUE(load_adapter(folder_).config.use_rslora);
}

TEST_F(AdapterFolder, NoteOfTransposedMatricesRoundTrips) {
  adapter_.config.fan_in_fan_out = true;
  save_adapter(folder_, adapter_);
  EXPECT_TRUE(load_json(folder_ / "adapter_config.json").at("fan_in_fan_out").get<bool>());
  EXPECT_TRUE(load_adapter(folder_).config.fan_in_fan_out);
}

TEST_F(AdapterFolder, TargetPatternIsReplacedByTheModulesItMeant) {
  save_adapter(folder_, adapter_);
  set_option("target_modules", ".*_proj");
  EXPECT_EQ(load_adapter(folder_).config.target_modules, (std::vector<std::string>{"q_proj", "v_proj"}));
}

TEST_F(AdapterFolder, FolderWithoutAdapterIsNamed) {
  EXPECT_THAT(load_error(), HasSubstr("no adapter here"));
}

TEST_F(AdapterFolder, MissingWeightsAreNamed) {
  save_adapter(folder_, adapter_);
  fs::rename(folder_ / "adapter_model.safetensors", folder_ / "adapter_model.bin");
  EXPECT_THAT(load_error(), HasSubstr("pickled weights"));
}

TEST_F(AdapterFolder, OtherKindsOfAdapterAreRefused) {
  save_adapter(folder_, adapter_);
  set_option("peft_type", "IA3");
  EXPECT_THAT(load_error(), HasSubstr("peft_type: \"IA3\" adapters are not supported"));
}

TEST_F(AdapterFolder, MissingSideIsNamed) {
  save_adapter(folder_, adapter_);
  save_weights({{std::string(kQuery) + ".lora_A.weight", at::zeros({2, 3})}});
  EXPECT_THAT(load_error(), HasSubstr("q_proj\" has no lora_B weight"));
}

TEST_F(AdapterFolder, RankOtherThanTheConfigsIsRefused) {
  save_adapter(folder_, adapter_);
  set_option("r", 3);
  EXPECT_THAT(load_error(), HasSubstr("does not fit r = 3"));
}

TEST_F(AdapterFolder, RankBelowOneIsRefused) {
  save_adapter(folder_, adapter_);
  set_option("r", 0);
  EXPECT_THAT(load_error(), HasSubstr("r: must be at least 1"));
}

TEST_F(AdapterFolder, ValuesThatNoAdapterHasAreRefused) {
  const std::vector<std::pair<std::string, double>> cases = {{"lora_alpha", 1e300},
                                                             {"lora_alpha", -1e300},
                                                             {"lora_dropout", 1.0},
                                                             {"lora_dropout", -0.1},
                                                             {"lora_dropout", 1e300}};
  for (const auto& [key, value] : cases) {
    save_adapter(folder_, adapter_);
    set_option(key, value);
    EXPECT_THAT(load_error(), HasSubstr("adapter_config.json: " + key)) << value;
  }
}

TEST_F(AdapterFolder, WeightsThatAreNotLoraAreRefusedByName) {
  save_adapter(folder_, adapter_);
  save_weights({{"base_model.model.model.norm.weight", at::zeros({3})}});
  EXPECT_THAT(load_error(), HasSubstr("\"base_model.model.model.norm.weight\" is no LoRA weight"));
}

TEST_F(AdapterFolder, AdapterWithoutWeightsIsRefused) {
  save_adapter(folder_, adapter_);
  save_weights({});
  EXPECT_THAT(load_error(), HasSubstr("holds no LoRA weights"));
}

TEST_F(AdapterFolder, AMagnitudeGoesWithDoraAndWithNothingElse) {
  adapter_.config.use_dora = true;
  for (auto& [module, pair] : adapter_.modules) pair.magnitude = at::ones({4});
  save_adapter(folder_, adapter_);
  const Adapter loaded = load_adapter(folder_);
  EXPECT_TRUE(loaded.config.use_dora);
  EXPECT_TRUE(loaded.modules.begin()->second.magnitude.equal(at::ones({4})));
  set_option("use_dora", false);
  EXPECT_THAT(load_error(), HasSubstr("has a lora_magnitude_vector; use_dora is false"));
}

TEST_F(AdapterFolder, MalformedConfigNamesTheFile) {
  save_adapter(folder_, adapter_);
  write_file(folder_ / "adapter_config.json", "{\"r\": ");
  EXPECT_THAT(load_error(), HasSubstr("adapter_config.json"));
}

struct Refused {
  const char* key;
  Json value;
};
class RefusedOption : public AdapterFolder, public ::testing::WithParamInterface<Refused> {};
TEST_P(RefusedOption, IsNamed) {
  save_adapter(folder_, adapter_);
  set_option(GetParam().key, GetParam().value);
  EXPECT_THAT(load_error(), HasSubstr(std::string("adapter_config.json: ") + GetParam().key));
}
INSTANTIATE_TEST_SUITE_P(AdapterFolder, RefusedOption,
                         ::testing::Values(Refused{"rank_pattern", {{"q_proj", 4}}},
                                           Refused{"alpha_pattern", {{"q_proj", 4}}},
                                           Refused{"modules_to_save", {"lm_head"}}, Refused{"bias", "all"},
                                           Refused{"init_lora_weights", "pissa_niter_4"}),
                         [](const auto& info) { return std::string(info.param.key); });

}  // namespace
}  // namespace xlt
