// SPDX-License-Identifier: Apache-2.0
// Matrices in 4 bits in a folder: round trip, what is refused, and sources read in other bits. Against
// bitsandbytes itself: tests/parity/nf4_parity.py.
#include "xlt/checkpoint/bitsandbytes.h"

#include "scratch_folder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/checkpoint/safetensors.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

constexpr const char* kState = "m.weight.quant_state.bitsandbytes__nf4";

class Bitsandbytes : public FolderTest {
 protected:
  Bitsandbytes()
      : weight_(ops::nf4_quantize_double(at::randn({6, 64}).to(at::kBFloat16))),
        tensors_(bitsandbytes_tensors("m.weight", weight_)) {
    tensors_.emplace_back("norm.weight", at::ones({4}));
  }
  std::unique_ptr<WeightSource> read() const {
    save_safetensors(folder_ / "w.safetensors", tensors_);
    return with_bitsandbytes(
        std::make_unique<SafetensorsReader>(SafetensorsReader::open(folder_ / "w.safetensors")));
  }
  std::string error() const {
    try {
      read();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
      return error.what();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
  }
  at::Tensor& tensor(const std::string& name) {
    for (auto& [other, value] : tensors_)
      if (other == name) return value;
    throw std::runtime_error(name);
  }
  void set_state(const std::string& json) {
    tensor(kState) = at::tensor(std::vector<uint8_t>(json.begin(), json.end()), at::kByte);
  }
  ops::Nf4Weight weight_;
  Tensors tensors_;
};

TEST_F(Bitsandbytes, AMatrixIsOneTensorAgain) {
  const auto source = read();
  EXPECT_THAT(source->names(), ElementsAre("m.weight", "norm.weight"));
  EXPECT_THAT(source->shape("m.weight"), ElementsAre(6, 64));
  EXPECT_EQ(source->dtype("m.weight"), "NF4");
  EXPECT_TRUE(source->holds_nf4("m.weight"));
  EXPECT_FALSE(source->holds_nf4("norm.weight"));
  const auto again = source->nf4("m.weight", false);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->codes.equal(weight_.codes));
  EXPECT_TRUE(again->absmax.equal(weight_.absmax));
  EXPECT_EQ(again->scales.offset, weight_.scales.offset);
  EXPECT_EQ(again->source, at::kBFloat16);
  EXPECT_TRUE(source->get("m.weight").equal(ops::nf4_dequantize(weight_, at::kBFloat16)));
  EXPECT_FALSE(source->nf4("norm.weight", false));
}

TEST_F(Bitsandbytes, ScalesThatWereNotQuantisedAreReadAsTheyAre) {
  tensors_ = bitsandbytes_tensors("m.weight", ops::nf4_quantize(at::randn({2, 64})));
  EXPECT_FALSE(read()->nf4("m.weight", false)->scales.is_defined());
}

TEST_F(Bitsandbytes, WhatDoesNotFitIsNamed) {
  const Tensors whole = tensors_;
  tensor("m.weight.absmax") = at::zeros({5}, at::kByte);
  EXPECT_THAT(error(), HasSubstr("\"m.weight.absmax\": is 5 of U8; expected 6 of U8"));
  tensors_ = whole;
  tensors_.erase(tensors_.begin() + 3);  // nested_absmax
  EXPECT_THAT(error(), HasSubstr("no tensor \"m.weight.nested_absmax\""));
  tensors_ = whole;
  set_state(R"({"quant_type":"nf4","blocksize":128,"shape":[6,64],"dtype":"float32"})");
  EXPECT_THAT(error(), HasSubstr("blocksize"));
  set_state(R"({"quant_type":"nf4","blocksize":64,"shape":[6,-64],"dtype":"float32"})");
  EXPECT_THAT(error(), HasSubstr("shape"));
  set_state("{");
  EXPECT_THAT(error(), HasSubstr(kState));
  tensors_ = whole;
  for (auto& [name, value] : tensors_)
    if (name == kState) name = "m.weight.quant_state.bitsandbytes__fp4";
  EXPECT_THAT(error(), HasSubstr("is in FP4"));
}

// As a matrix in another form: not by its shape, which is that of its codes.
TEST_F(Bitsandbytes, AQuantisedMatrixWithoutItsStateIsNamedForWhatItIs) {
  const Tensors whole = tensors_;
  std::erase_if(tensors_, [](const auto& tensor) { return tensor.first == kState; });
  EXPECT_THAT(error(), HasSubstr("\"m.weight.absmax\": belongs to a quantised matrix"));
  tensors_ = whole;
  tensors_.emplace_back("n.weight", at::zeros({6, 64}, at::kChar));
  tensors_.emplace_back("n.SCB", at::ones({6}));
  EXPECT_THAT(error(), HasSubstr("\"n.SCB\": belongs to a quantised matrix"));
}

TEST_F(Bitsandbytes, ConfigSaysFourBits) {
  EXPECT_TRUE(is_bitsandbytes_4bit(bitsandbytes_config(DType::kBFloat16)));
  EXPECT_FALSE(is_bitsandbytes_4bit({{"quant_method", "bitsandbytes"}, {"load_in_8bit", true}}));
  EXPECT_FALSE(is_bitsandbytes_4bit({{"quant_method", "gptq"}, {"load_in_4bit", true}}));
  EXPECT_FALSE(is_bitsandbytes_4bit("nf4"));
}

TEST_F(Bitsandbytes, AFolderIsReadInTheBitsThatAreAskedFor) {
  save_safetensors(folder_ / "model.safetensors", tensors_);
  write_file(folder_ / "config.json",
             dump_json({{"model_type", "x"}, {"quantization_config", bitsandbytes_config(DType::kFloat32)}}));
  const auto as_stored = quantized(open_model_source(folder_), "none");
  EXPECT_TRUE(as_stored->weights()->nf4("m.weight", false));
  const auto dense = quantized(open_model_source(folder_), "dense");
  EXPECT_FALSE(dense->weights()->nf4("m.weight", false));
  EXPECT_FALSE(dense->config().contains("quantization_config"));
  EXPECT_TRUE(dense->weights()->get("m.weight").equal(ops::nf4_dequantize(weight_, at::kBFloat16)));
  const auto in_nf4 = quantized(open_model_source(folder_), "nf4");
  EXPECT_TRUE(in_nf4->weights()->nf4("m.weight", false)->codes.equal(weight_.codes));
  EXPECT_THROW(quantized(open_model_source(folder_), "nf5"), Error);

  const at::Tensor matrix = at::randn({64, 6});
  save_safetensors(folder_ / "model.safetensors", {{"m.weight", matrix}, {"norm.weight", at::ones({4})}});
  write_file(folder_ / "config.json", R"({"model_type":"x"})");
  const auto weights = quantized(open_model_source(folder_), "nf4")->weights();
  EXPECT_TRUE(weights->nf4("m.weight", true)->codes.equal(ops::nf4_quantize(matrix.t()).codes));
  EXPECT_EQ(weights->dtype("m.weight"), "F32");
  EXPECT_FALSE(weights->nf4("norm.weight", false));
}

}  // namespace
}  // namespace xlt
