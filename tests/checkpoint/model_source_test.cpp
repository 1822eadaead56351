// SPDX-License-Identifier: Apache-2.0
// Checkpoint folders: which files they hold, and what is said of what is none.
#include "xlt/checkpoint/model_source.h"

#include "scratch_folder.h"

#include <functional>

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ModelFolder : public FolderTest {
 protected:
  // A file of the checkpoint folder `model_`.
  void put(const std::string& name, const std::string& text) const { write_file(model_ / name, text); }
  std::unique_ptr<ModelSource> open() const { return open_model_source(model_); }
  static std::vector<std::string> names_of(const std::vector<fs::path>& files) {
    std::vector<std::string> names;
    for (const fs::path& file : files) names.push_back(file.filename().string());
    return names;
  }
  // What a user reads, always with exit code 3.
  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.kind()), 3) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
  }

  const fs::path model_ = folder_ / "model";
};

TEST_F(ModelFolder, FilesThatBelongBesideMergedWeightsIncludeTheChatTemplate) {
  for (const char* name : {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
                           "chat_template.jinja", "additional_chat_templates/tool_use.jinja", "README.md"})
    put(name, "{}");
  EXPECT_THAT(names_of(open()->files_to_keep()),
              ElementsAre("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "tool_use.jinja",
                          "generation_config.json"));
  const fs::path copy = folder_ / "copy";
  make_folders(copy);
  copy_files_to_keep(*open(), copy);
  EXPECT_TRUE(fs::exists(copy / "additional_chat_templates" / "tool_use.jinja"));
  EXPECT_FALSE(fs::exists(copy / "config.json"));
}

// As the hub's cache lays them out: every file of a snapshot is a link to a blob.
TEST_F(ModelFolder, ALinkedFileKeepsItsNameWhenItIsCopied) {
  put("config.json", "{}");
  write_file(folder_ / "blobs" / "0123abcd", "{}");
  fs::create_symlink(folder_ / "blobs" / "0123abcd", model_ / "tokenizer.json");
  const fs::path copy = folder_ / "copy";
  make_folders(copy);
  copy_files_to_keep(*open(), copy);
  EXPECT_TRUE(fs::is_regular_file(copy / "tokenizer.json"));
}

TEST_F(ModelFolder, StopTokensOfGenerationConfigAreHonoured) {
  put("config.json", R"({"eos_token_id":1})");
  EXPECT_THAT(open()->stop_token_ids(), ElementsAre(1));
  put("generation_config.json", R"({"eos_token_id":[1,106]})");
  EXPECT_THAT(open()->stop_token_ids(), ElementsAre(1, 106));
  put("generation_config.json", R"({"eos_token_id":null})");
  EXPECT_THAT(open()->stop_token_ids(), ElementsAre(1));
  put("config.json", R"({"text_config":{"eos_token_id":1},"eos_token_id":[1,7]})");  // a multimodal wrapper
  EXPECT_THAT(open()->stop_token_ids(), ElementsAre(1, 7));
  put("generation_config.json", R"({"eos_token_id":"</s>"})");
  EXPECT_THAT(error_of([&] { open()->stop_token_ids(); }), HasSubstr("generation_config.json: eos_token_id"));
}

TEST_F(ModelFolder, WeightFilesAreOneOrAnIndexAndItsShards) {
  put("config.json", "{}");
  EXPECT_TRUE(open()->weight_files().empty());
  put("model.safetensors.index.json", R"({"weight_map":{"x":"b.safetensors","y":"a.safetensors"}})");
  EXPECT_THAT(names_of(open()->weight_files()),
              ElementsAre("model.safetensors.index.json", "a.safetensors", "b.safetensors"));
  put("model.safetensors", "");
  EXPECT_THAT(names_of(open()->weight_files()), ElementsAre("model.safetensors"));
}

TEST_F(ModelFolder, WeightsSayTheirNamesShapesAndDtypes) {
  put("config.json", "{}");
  save_safetensors(model_ / "model.safetensors", {{"x", at::zeros({2, 3}, at::kBFloat16)}});
  const auto weights = open()->weights();
  EXPECT_THAT(weights->names(), ElementsAre("x"));
  EXPECT_THAT(weights->shape("x"), ElementsAre(2, 3));
  EXPECT_EQ(weights->dtype("x"), "BF16");
  EXPECT_EQ(weights->get("x").scalar_type(), at::kBFloat16);
}

TEST_F(ModelFolder, WithoutWeightsSaysWhatIsThere) {
  put("pytorch_model.bin", "x");
  const std::string error = error_of([&] { open()->weights(); });
  EXPECT_THAT(error, HasSubstr("found: pytorch_model.bin"));
  EXPECT_THAT(error, HasSubstr("save the model as safetensors"));
}

TEST_F(ModelFolder, QuantisedWeightsAreRefusedForWhatTheyAre) {
  put("config.json", R"({"quantization_config":{"quant_method":"gptq","bits":4}})");
  put("model.safetensors", "");
  const std::string error = error_of([&] { open()->weights(); });
  EXPECT_THAT(error, HasSubstr("quantization_config: the checkpoint is quantised (gptq)"));
}

TEST_F(ModelFolder, ANameOfTheHubIsToldHowToBeFetched) {
  const std::string error = error_of([] { open_model_source("google/gemma-3-270m@main"); });
  EXPECT_THAT(error, HasSubstr("google/gemma-3-270m@main: no such folder"));
  EXPECT_THAT(error, HasSubstr("hf download google/gemma-3-270m --revision main"));
  EXPECT_THAT(error_of([&] { open_model_source(folder_ / "none"); }), Not(HasSubstr("hub")));
}

TEST_F(ModelFolder, TheRootOfACacheEntryPointsToItsSnapshot) {
  put("refs/main", "0123abcd");
  put("snapshots/0123abcd/config.json", "{}");
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr("snapshots/0123abcd"));
}

TEST_F(ModelFolder, AnAdapterAsModelIsNamed) {
  put("adapter_config.json", "{}");
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr("give it as --adapter"));
}

TEST_F(ModelFolder, AFileLinkLoopOrOverlongNameIsBadInput) {
  put("model.safetensors", "");
  EXPECT_THAT(error_of([&] { open_model_source(model_ / "model.safetensors"); }), HasSubstr("is a file"));
  fs::create_symlink(folder_ / "loop", folder_ / "loop");
  EXPECT_THAT(error_of([&] { open_model_source(folder_ / "loop"); }), HasSubstr("cannot be opened"));
  EXPECT_THAT(error_of([&] { open_model_source(folder_ / std::string(300, 'x')); }), HasSubstr("too long"));
}

TEST_F(ModelFolder, AFolderWithoutPermissionIsBadInput) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  put("config.json", "{}");
  ::chmod(model_.c_str(), 0);
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr("cannot be read"));
  ::chmod(model_.c_str(), 0755);
}

TEST_F(ModelFolder, IdentityGoesByContentOfSmallFilesAndByWeights) {
  put("config.json", "{}");
  put("model.safetensors", "a");
  const std::string before = open()->identity();
  EXPECT_EQ(open()->identity(), before);
  put("README.md", "x");
  EXPECT_EQ(open()->identity(), before);
  put("model.safetensors", "ab");
  const std::string other_weights = open()->identity();
  EXPECT_NE(other_weights, before);
  put("config.json", R"({"rope_theta":5})");
  EXPECT_NE(open()->identity(), other_weights);
}

TEST_F(ModelFolder, DtypeIsReadInBothSpellings) {
  put("config.json", R"({"torch_dtype":"bfloat16"})");
  EXPECT_EQ(open()->dtype(), DType::kBFloat16);
  put("config.json", R"({"dtype":"float16"})");
  EXPECT_EQ(open()->dtype(), DType::kFloat16);
  put("config.json", "{}");
  EXPECT_EQ(open()->dtype(), DType::kFloat32);
}

TEST_F(ModelFolder, AdapterFilesAreThoseThatAreThere) {
  EXPECT_TRUE(adapter_files(model_).empty());
  put("adapter_config.json", "{}");
  EXPECT_THAT(names_of(adapter_files(model_)), ElementsAre("adapter_config.json"));
}

}  // namespace
}  // namespace xlt
