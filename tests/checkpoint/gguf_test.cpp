// SPDX-License-Identifier: Apache-2.0
// GGUF files as models: blocks by hand, names, permuted heads, norms, config, files that are wrong.
#include "xlt/ops/matmul/gguf.h"

#include "gguf_blocks_testing.h"
#include "gguf_writer.h"
#include "scratch_folder.h"

#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include <ATen/ATen.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/checkpoint/save_weights.h"

namespace xlt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string half_bytes(float value) { return byte_string(c10::Half(value).x); }

std::vector<float> dequantized(const char* name, const std::string& block) {
  for (const GgufType& type : gguf_types()) {
    if (std::string_view(type.name) != name) continue;
    EXPECT_EQ(static_cast<int64_t>(block.size()), type.bytes) << name;
    std::vector<float> values(static_cast<size_t>(type.elements));
    ops::dequantize_blocks(type, reinterpret_cast<const std::byte*>(block.data()), 1, values.data());
    return values;
  }
  ADD_FAILURE() << "no type " << name;
  return {};
}

// 16 bytes, the one with index `at` holding `byte`, the others `rest`.
std::string sixteen(size_t at, int byte, int rest) {
  std::string bytes(16, static_cast<char>(rest));
  bytes[at] = static_cast<char>(byte);
  return bytes;
}

TEST(GgufBlocks, PlainTypes) {
  EXPECT_THAT(dequantized("F32", byte_string(1.5f)), ElementsAre(1.5f));
  EXPECT_THAT(dequantized("F16", half_bytes(-0.25f)), ElementsAre(-0.25f));
  EXPECT_THAT(dequantized("BF16", byte_string(c10::BFloat16(3.0f).x)), ElementsAre(3.0f));
}

TEST(GgufBlocks, EightBits) {
  std::string block = half_bytes(0.5f) + std::string(32, '\x02');
  block[2 + 31] = static_cast<char>(-127);
  const auto values = dequantized("Q8_0", block);
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[31], -63.5f);
}

// Byte 3 is 0xF1: value 3 is 1, value 19 is 15; elsewhere both are 8.
TEST(GgufBlocks, FourBits) {
  auto values = dequantized("Q4_0", half_bytes(2) + sixteen(3, 0xF1, 0x88));
  EXPECT_EQ(values[0], 0.0f);
  EXPECT_EQ(values[3], -14.0f);
  EXPECT_EQ(values[19], 14.0f);
  values = dequantized("Q4_1", half_bytes(2) + half_bytes(-1) + sixteen(3, 0xF1, 0x88));
  EXPECT_EQ(values[0], 15.0f);
  EXPECT_EQ(values[3], 1.0f);
  EXPECT_EQ(values[19], 29.0f);
}

// Bits 3 and 19 of the second field are the fifth bits of those values.
TEST(GgufBlocks, FiveBits) {
  const std::string high = byte_string<uint32_t>(1u << 3);
  auto values = dequantized("Q5_0", half_bytes(2) + high + sixteen(3, 0xF1, 0x00));
  EXPECT_EQ(values[0], -32.0f);
  EXPECT_EQ(values[3], 2.0f);    // 17 − 16
  EXPECT_EQ(values[19], -2.0f);  // 15 − 16
  values = dequantized(
      "Q5_1", half_bytes(2) + half_bytes(1) + byte_string<uint32_t>(1u << 19) + sixteen(3, 0xF1, 0x00));
  EXPECT_EQ(values[3], 3.0f);
  EXPECT_EQ(values[19], 63.0f);  // 2 · 31 + 1
}

// Scales and minima: sub-block j < 4 has its own six bits; of j ≥ 4 the upper two stand above those of j − 4.
std::string k_scales(const std::array<int, 8>& scales, const std::array<int, 8>& minima) {
  std::string packed(12, '\0');
  const auto put = [&](size_t at, int bits) {
    packed[at] = static_cast<char>(static_cast<unsigned char>(packed[at]) | bits);
  };
  for (size_t j = 0; j < 4; ++j) {
    put(j, scales[j] | (scales[j + 4] >> 4) << 6);
    put(j + 4, minima[j] | (minima[j + 4] >> 4) << 6);
    put(j + 8, (scales[j + 4] & 15) | (minima[j + 4] & 15) << 4);
  }
  return packed;
}

constexpr std::array<int, 8> kScales = {1, 2, 3, 63, 4, 17, 33, 62}, kMinima = {0, 5, 6, 63, 7, 18, 34, 61};

TEST(GgufBlocks, FourBitsInSuperBlocks) {
  std::string q(128, '\x21');  // lower 1, upper 2
  const auto values =
      dequantized("Q4_K", half_bytes(0.5f) + half_bytes(0.25f) + k_scales(kScales, kMinima) + q);
  for (size_t j = 0; j < 8; ++j)
    for (size_t i = 0; i < 32; ++i)
      EXPECT_EQ(values[32 * j + i], 0.5f * kScales[j] * (j % 2 ? 2 : 1) - 0.25f * kMinima[j])
          << j << " " << i;
}

TEST(GgufBlocks, FiveBitsInSuperBlocks) {
  std::string high(32, '\0');
  high[7] = '\x24';  // value 7 of sub-blocks 2 and 5
  const auto values = dequantized("Q5_K", half_bytes(0.5f) + half_bytes(0.25f) + k_scales(kScales, kMinima) +
                                              high + std::string(128, '\x21'));
  for (size_t j = 0; j < 8; ++j)
    for (size_t i = 0; i < 32; ++i) {
      const int q = (j % 2 ? 2 : 1) + (i == 7 && (j == 2 || j == 5) ? 16 : 0);
      EXPECT_EQ(values[32 * j + i], 0.5f * kScales[j] * q - 0.25f * kMinima[j]) << j << " " << i;
    }
}

TEST(GgufBlocks, SixBitsInSuperBlocks) {
  std::string low(128, '\0'), high(64, '\0'), scales(16, '\x01');
  low[64 + 32 + 5] = '\x30';  // second half, second row of 32 bytes, upper four bits: row 7, value 5
  high[32 + 5] = '\x80';      // its upper two bits, third pair: 2
  scales[2 * 7] = static_cast<char>(-3);
  const auto values = dequantized("Q6_K", low + high + scales + half_bytes(0.5f));
  EXPECT_EQ(values[0], -16.0f);                      // 0.5 · 1 · (0 − 32)
  EXPECT_EQ(values[32 * 7 + 5], -1.5f * (35 - 32));  // 0.5 · −3 · (3 + 2·16 − 32)
  EXPECT_EQ(values[32 * 7 + 6], -1.5f * -32);
  EXPECT_EQ(values[32 * 7 + 16], -16.0f);
}

std::vector<float> counted(int64_t count, float start = 0) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(start + static_cast<float>(i));
  return values;
}

// One layer of two heads of four over eight elements, F32, with a row of 32 tokens.
GgufWriter model_of(const std::string& architecture) {
  const std::string a = architecture + ".";
  GgufWriter gguf;
  gguf.put_text("general.architecture", architecture)
      .put_integer(a + "block_count", 1)
      .put_integer(a + "context_length", 64)
      .put_integer(a + "embedding_length", 8)
      .put_integer(a + "feed_forward_length", 16)
      .put_integer(a + "attention.head_count", 2)
      .put_integer(a + "attention.head_count_kv", 1)
      .put_number(a + "attention.layer_norm_rms_epsilon", 1e-5f)
      .put_number(a + "rope.freq_base", 500000)
      .put_integer("tokenizer.ggml.bos_token_id", 1)
      .put_integer("tokenizer.ggml.eos_token_id", 2)
      .add_tensor("token_embd.weight", {32, 8}, kGgufF32, bytes_of(counted(256)))
      .add_tensor("output_norm.weight", {8}, kGgufF32, bytes_of(counted(8, 1)))
      .add_tensor("blk.0.attn_q.weight", {8, 8}, kGgufF32, bytes_of(counted(64)))
      .add_tensor("blk.0.attn_q.bias", {8}, kGgufF32, bytes_of(counted(8)))
      .add_tensor("blk.0.attn_k.weight", {4, 8}, kGgufF32, bytes_of(counted(32)))
      .add_tensor("blk.0.attn_norm.weight", {8}, kGgufF32, bytes_of(counted(8, 1)))
      .add_tensor("blk.0.ffn_norm.weight", {8}, kGgufF32, bytes_of(counted(8, 1)));
  return gguf;
}

class GgufModelFile : public FolderTest {
 protected:
  std::unique_ptr<ModelSource> open(const GgufWriter& gguf) const {
    write_file(file_, gguf.bytes());
    return open_model_source(file_);
  }
  std::string error_of(const std::function<void()>& action) const {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.kind()), 3) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
  }
  const fs::path file_ = folder_ / "x.gguf";
};

TEST_F(GgufModelFile, LlamasHeadsLieByHalvesAgain) {
  const auto weights = open(model_of("llama"))->weights();
  EXPECT_THAT(weights->names(),
              ElementsAre("model.embed_tokens.weight", "model.layers.0.input_layernorm.weight",
                          "model.layers.0.post_attention_layernorm.weight",
                          "model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.q_proj.bias",
                          "model.layers.0.self_attn.q_proj.weight", "model.norm.weight"));
  // Rows 0 1 2 3 of a head in the file turn in pairs (0, 1), (2, 3); ours in (0, 2), (1, 3).
  const at::Tensor expected = at::arange(64, at::kFloat)
                                  .view({8, 8})
                                  .index_select(0, at::tensor(std::vector<int64_t>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_TRUE(at::equal(weights->get("model.layers.0.self_attn.q_proj.weight"), expected));
  EXPECT_TRUE(at::equal(weights->get("model.layers.0.self_attn.q_proj.bias"),
                        at::tensor(std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7})));
  EXPECT_EQ(weights->get("model.layers.0.self_attn.k_proj.weight")[1][0].item<float>(), 16.0f);
  EXPECT_EQ(weights->get("model.norm.weight")[0].item<float>(), 1.0f);
}

TEST_F(GgufModelFile, QwensHeadsLieAsTheyShould) {
  const auto weights = open(model_of("qwen2"))->weights();
  EXPECT_EQ(weights->get("model.layers.0.self_attn.q_proj.weight")[1][0].item<float>(), 8.0f);
}

TEST_F(GgufModelFile, GemmasNormsAreOneLess) {
  auto gguf = model_of("gemma3");
  gguf.add_tensor("blk.0.post_ffw_norm.weight", {8}, kGgufF32, bytes_of(counted(8, 1)));
  const auto weights = open(gguf)->weights();
  for (const char* name : {"model.norm.weight", "model.layers.0.input_layernorm.weight",
                           "model.layers.0.pre_feedforward_layernorm.weight",
                           "model.layers.0.post_feedforward_layernorm.weight"})
    EXPECT_TRUE(at::equal(weights->get(name), at::arange(8, at::kFloat))) << name;
  EXPECT_EQ(weights->get("model.embed_tokens.weight")[0][1].item<float>(), 1.0f);
}

TEST_F(GgufModelFile, BlocksBecomeFloatsRowByRow) {
  auto gguf = model_of("llama");
  const std::string block = half_bytes(0.5f) + std::string(32, '\x02');
  gguf.add_tensor("output.weight", {3, 64}, kGgufQ8_0,
                  block + block + block + block + half_bytes(1) + std::string(32, '\x03') + block);
  const auto weights = open(gguf)->weights();
  EXPECT_EQ(weights->dtype("lm_head.weight"), "Q8_0");
  const at::Tensor head = weights->get("lm_head.weight");
  EXPECT_EQ(head.scalar_type(), at::kFloat);
  EXPECT_THAT(head.sizes().vec(), ElementsAre(3, 64));
  EXPECT_EQ(head[1][63].item<float>(), 1.0f);
  EXPECT_EQ(head[2][0].item<float>(), 3.0f);
}

// Rows of queries are put into order; others stay in the map, which they outlive the source by.
TEST_F(GgufModelFile, BlocksStayWhereTheyAreAskedFor) {
  const std::string queries = "model.layers.0.self_attn.q_proj.weight", head = "lm_head.weight";
  for (const GgufType& type : types_in_blocks()) {
    auto gguf = model_of("llama");
    gguf.add_tensor("output.weight", {3, 2 * type.elements}, type.number, random_blocks(type, 6, 1));
    gguf.add_tensor("blk.1.attn_q.weight", {8, type.elements}, type.number, random_blocks(type, 8, 2));
    const auto values = open(gguf)->weights();
    const auto held = quantized(open(gguf), "stored")->weights();
    for (const std::string& name : {head, std::string("model.layers.1.self_attn.q_proj.weight")}) {
      EXPECT_FALSE(ops::is_gguf(values->get(name)));
      const at::Tensor blocks = held->get(name);
      ASSERT_TRUE(ops::is_gguf(blocks)) << type.name;
      EXPECT_EQ(blocks.numel(), held->block_bytes(name));
      EXPECT_EQ(values->block_bytes(name), 0);
      EXPECT_EQ(held->shape(name), values->shape(name));
      EXPECT_TRUE(at::equal(ops::values_of(blocks, at::kFloat), values->get(name))) << type.name << name;
    }
    EXPECT_EQ(held->block_bytes(queries), 0);
    EXPECT_TRUE(at::equal(held->get(queries), values->get(queries)));
  }
}

TEST_F(GgufModelFile, HalvesStayAndShareTheMap) {
  auto gguf = model_of("qwen2");
  std::string halves;
  for (int i = 0; i < 64; ++i) halves += half_bytes(static_cast<float>(i));
  gguf.add_tensor("output.weight", {8, 8}, kGgufF16, halves);
  at::Tensor head = [&] { return open(gguf)->weights()->get("lm_head.weight"); }();
  EXPECT_EQ(head.scalar_type(), at::kHalf);
  EXPECT_EQ(head[7][7].item<float>(), 63.0f);
}

TEST_F(GgufModelFile, ConfigIsHuggingFaces) {
  const Json llama = open(model_of("llama"))->config();
  EXPECT_EQ(llama.at("model_type"), "llama");
  EXPECT_EQ(llama.at("vocab_size"), 32);
  EXPECT_EQ(llama.at("hidden_size"), 8);
  EXPECT_EQ(llama.at("head_dim"), 4);
  EXPECT_EQ(llama.at("num_key_value_heads"), 1);
  EXPECT_EQ(llama.at("rope_theta"), 500000);
  EXPECT_EQ(llama.at("tie_word_embeddings"), true);
  EXPECT_EQ(llama.at("bos_token_id"), 1);
  EXPECT_EQ(llama.at("dtype"), "float32");
  EXPECT_EQ(open(model_of("llama"))->dtype(), DType::kFloat32);

  const Json gemma2 = open(model_of("gemma2"))->config();
  EXPECT_EQ(gemma2.at("final_logit_softcapping"), 30);
  EXPECT_EQ(gemma2.at("query_pre_attn_scalar"), 4);
  auto wide = model_of("gemma3");
  wide.put_integer("gemma3.attention.key_length", 16).put_integer("gemma3.attention.value_length", 16);
  wide.put_text("gemma3.rope.scaling.type", "linear").put_number("gemma3.rope.scaling.factor", 8);
  const Json gemma3 = open(wide)->config();
  EXPECT_EQ(gemma3.at("model_type"), "gemma3_text");
  EXPECT_EQ(gemma3.at("head_dim"), 16);
  EXPECT_EQ(gemma3.at("rope_local_base_freq"), 10000);
  EXPECT_EQ(gemma3.at("rope_scaling").at("factor"), 8);
}

TEST_F(GgufModelFile, YarnsScalingIsSaidInConfigJsonsWords) {
  auto gguf = model_of("qwen2");
  gguf.put_text("qwen2.rope.scaling.type", "yarn").put_number("qwen2.rope.scaling.factor", 4);
  gguf.put_integer("qwen2.rope.scaling.original_context_length", 32768);
  EXPECT_EQ(open(gguf)->config().at("rope_scaling"),
            Json::parse(R"({"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":32768,
              "beta_fast":32.0,"beta_slow":1.0})"));
  gguf.put_number("qwen2.rope.scaling.attn_factor", 0.5);
  // 0.5 · (1 + 0.1 · ln 4)
  EXPECT_NEAR(open(gguf)->config().at("rope_scaling").at("attention_factor").get<double>(), 0.5693147, 1e-6);
}

// The numbers of Llama 3.1's converter, written out: wavelengths 2π·θ^(i/2) of a head of four.
TEST_F(GgufModelFile, Llama3sScalingIsFoundAgain) {
  const auto divisors = [](double factor, double original) {
    std::vector<float> all;
    for (int i = 0; i < 2; ++i) {
      const double wavelength = 2 * std::numbers::pi * std::pow(500000.0, i / 2.0);
      const double smooth = (original / wavelength - 1) / 3;
      all.push_back(static_cast<float>(wavelength < original / 4 ? 1
                                       : wavelength > original   ? factor
                                                                 : 1 / ((1 - smooth) / factor + smooth)));
    }
    return all;
  };
  for (const auto& [factor, original] : {std::pair(8.0, 128), std::pair(32.0, 16)}) {
    auto gguf = model_of("llama");
    gguf.add_tensor("rope_freqs.weight", {2}, kGgufF32, bytes_of(divisors(factor, original)));
    const auto source = open(gguf);
    const Json scaling = source->config().at("rope_scaling");
    EXPECT_EQ(scaling.at("rope_type"), "llama3");
    EXPECT_FLOAT_EQ(scaling.at("factor").get<float>(), static_cast<float>(factor));
    // Of 128 and a shorter length the two numbers are the same.
    if (original == 16) {
      EXPECT_EQ(scaling.at("original_max_position_embeddings"), original);
    }
    EXPECT_FALSE(source->weights()->has("rope_freqs.weight"));
  }
  auto other = model_of("llama");
  other.add_tensor("rope_freqs.weight", {2}, kGgufF32, bytes_of<float>({3, 8}));
  EXPECT_THAT(error_of([&] { open(other)->config(); }),
              HasSubstr("rope_freqs.weight: is not Llama 3's scaling"));
}

TEST_F(GgufModelFile, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(
      error_of([&] { open(model_of("lama"))->config(); }),
      HasSubstr(
          "general.architecture: unknown architecture of a GGUF file \"lama\"; did you mean \"llama\"?"));
  auto experts = model_of("llama");
  experts.put_integer("llama.expert_count", 8);
  EXPECT_THAT(error_of([&] { open(experts)->config(); }),
              HasSubstr("llama.expert_count: mixtures of experts"));
  auto stretched = model_of("qwen2");
  stretched.put_text("qwen2.rope.scaling.type", "longrope");
  EXPECT_THAT(error_of([&] { open(stretched)->config(); }),
              HasSubstr("\"longrope\" is not supported; supported: none, linear, yarn"));
  auto part = model_of("llama");
  part.put_integer("split.count", 3);
  EXPECT_THAT(error_of([&] { open(part)->config(); }), HasSubstr("one of 3 parts"));
  auto partial = model_of("llama");
  partial.put_integer("llama.rope.dimension_count", 2);
  EXPECT_THAT(error_of([&] { open(partial)->config(); }), HasSubstr("turns 2 of a head's 4 elements"));
  auto types = model_of("llama");
  types.add_tensor("output.weight", {1, 256}, 11, std::string(110, 'x'));
  EXPECT_THAT(error_of([&] { open(types)->weights(); }),
              HasSubstr("1 tensors are of types that are not read (Q3_K)"));
  auto heads = model_of("llama");
  heads.add_tensor("blk.1.attn_q.weight", {7, 8}, kGgufF32, bytes_of(counted(56)));
  EXPECT_THAT(error_of([&] { open(heads)->weights(); }), HasSubstr("7 rows are no 2 heads"));
  write_file(file_, "not a model");
  EXPECT_THAT(error_of([&] { open_model_source(file_); }), HasSubstr("is no GGUF file"));
}

TEST_F(GgufModelFile, TensorsWithoutACounterpartKeepTheirNames) {
  auto gguf = model_of("llama");
  gguf.add_tensor("blk.0.ffn_gate_inp.weight", {1}, kGgufF32, bytes_of<float>({1}));
  EXPECT_TRUE(open(gguf)->weights()->has("blk.0.ffn_gate_inp.weight"));
}

TEST_F(GgufModelFile, StopTokensAndIdentity) {
  auto gguf = model_of("llama");
  const std::string before = open(gguf)->identity();
  const auto header = open(gguf)->header_hash();
  gguf.put_integer("tokenizer.ggml.eot_token_id", 7);
  EXPECT_THAT(open(gguf)->stop_token_ids(), ElementsAre(2, 7));
  EXPECT_NE(open(gguf)->identity(), before);
  EXPECT_NE(open(gguf)->header_hash(), header);
}

TEST_F(GgufModelFile, WeightsAreSavedInShards) {
  const auto weights = open(model_of("llama"))->weights();
  save_weights(*weights, DType::kFloat32, folder_, Context{}, /*shard_bytes=*/600);
  const auto reader = SafetensorsReader::open(folder_ / "model.safetensors.index.json");
  EXPECT_EQ(reader.names(), weights->names());
  for (const std::string& name : weights->names())
    EXPECT_TRUE(at::equal(reader.get(name), weights->get(name))) << name;
  EXPECT_TRUE(fs::exists(folder_ / "model-00001-of-00002.safetensors"));
  const Json index = load_json(folder_ / "model.safetensors.index.json");
  EXPECT_EQ(index.at("metadata").at("total_size"), 4 * (256 + 8 + 64 + 8 + 32 + 8 + 8));
  const fs::path whole = folder_ / "whole";
  make_folders(whole);
  save_weights(*weights, DType::kBFloat16, whole, Context{});
  EXPECT_EQ(SafetensorsReader::open(whole / "model.safetensors").dtype("model.norm.weight"), "BF16");
}

}  // namespace
}  // namespace xlt
