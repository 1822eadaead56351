// SPDX-License-Identifier: Apache-2.0
// A decoder whose matrices stay in a GGUF file's blocks computes the bits of one whose matrices are what
// these stand for.
#include "gguf_blocks_testing.h"
#include "gguf_writer.h"
#include "scratch_folder.h"

#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/models/decoder.h"
#include "xlt/models/decoder_footprint.h"
#include "xlt/models/lora.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/matmul/gguf.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {
namespace {

using Ids = std::vector<int64_t>;
constexpr int64_t kGgufHidden = 256, kInner = 512, kGgufVocab = 70, kKeys = 128;

// Two layers; matrices in all types by turns, norms and biases in float32.
class FileInBlocks {
 public:
  FileInBlocks(const std::string& architecture, bool is_tied) {
    const std::string a = architecture + ".";
    gguf_.put_text("general.architecture", architecture)
        .put_integer(a + "block_count", 2)
        .put_integer(a + "context_length", 64)
        .put_integer(a + "embedding_length", kGgufHidden)
        .put_integer(a + "feed_forward_length", kInner)
        .put_integer(a + "attention.head_count", 4)
        .put_integer(a + "attention.head_count_kv", 2)
        .put_number(a + "attention.layer_norm_rms_epsilon", 1e-5f);
    add_matrix("token_embd.weight", kGgufVocab, kGgufHidden);
    if (!is_tied) add_matrix("output.weight", kGgufVocab, kGgufHidden);
    add_vector("output_norm.weight", kGgufHidden);
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      add_matrix(layer + "attn_q.weight", kGgufHidden, kGgufHidden);
      add_matrix(layer + "attn_k.weight", kKeys, kGgufHidden);
      add_matrix(layer + "attn_v.weight", kKeys, kGgufHidden);
      add_matrix(layer + "attn_output.weight", kGgufHidden, kGgufHidden);
      add_matrix(layer + "ffn_gate.weight", kInner, kGgufHidden);
      add_matrix(layer + "ffn_up.weight", kInner, kGgufHidden);
      add_matrix(layer + "ffn_down.weight", kGgufHidden, kInner);
      add_vector(layer + "attn_norm.weight", kGgufHidden);
      add_vector(layer + "ffn_norm.weight", kGgufHidden);
      if (architecture != "qwen2") continue;
      add_vector(layer + "attn_q.bias", kGgufHidden);
      add_vector(layer + "attn_k.bias", kKeys);
      add_vector(layer + "attn_v.bias", kKeys);
    }
    write_file(file_, gguf_.bytes());
  }
  std::unique_ptr<ModelSource> open(const std::string& held) const {
    return quantized(open_model_source(file_), held);
  }
  std::unique_ptr<Decoder> load(const std::string& held, DType dtype) const {
    return load_decoder(*open(held), Placement{.dtype = dtype}, Context{});
  }
  int64_t block_bytes() const { return block_bytes_; }

 private:
  void add_matrix(const std::string& name, int64_t out, int64_t in) {
    const auto types = types_in_blocks();
    const GgufType& type = types[turn_++ % types.size()];
    const std::string blocks = random_blocks(type, out * in / type.elements, turn_);
    block_bytes_ += static_cast<int64_t>(blocks.size());
    gguf_.add_tensor(name, {out, in}, type.number, blocks);
  }
  void add_vector(const std::string& name, int64_t size) {
    Rng rng(turn_++);
    std::vector<float> values;
    for (int64_t i = 0; i < size; ++i) values.push_back(static_cast<float>(1 + 0.1 * rng.normal()));
    gguf_.add_tensor(name, {size}, kGgufF32, bytes_of(values));
  }

  const ScratchFolder folder_;
  const fs::path file_ = folder_.path() / "x.gguf";
  GgufWriter gguf_;
  uint64_t turn_ = 0;
  int64_t block_bytes_ = 0;
};

void adapt(Decoder& decoder) {
  attach_lora(decoder, {.r = 3, .alpha = 6}, Rng(2));
  Rng rng(3);
  const at::NoGradGuard no_grad;
  for (const NamedLinear& named : decoder.linears()) {
    at::Tensor& b = lora_of(*named.linear)->b;
    for (int64_t i = 0; i < b.numel(); ++i) b.mutable_data_ptr<float>()[i] = static_cast<float>(rng.normal());
  }
}

// Of a prompt with two answers: what the head and the layers give.
at::Tensor results_of(const Decoder& decoder) {
  const at::NoGradGuard no_grad;
  TokenBatch batch;
  const int64_t prompt = batch.add(Ids{1, 2, 69, 4});
  batch.add(Ids{5, 6, 7}, prompt);
  batch.add(Ids{8}, prompt);
  const at::Tensor hidden = decoder.forward(batch, nullptr), targets = at::arange(8) * 9;
  const at::Tensor logps = ops::token_logps(hidden, decoder.head_weight(), targets, decoder.head_options());
  return at::cat({hidden.to(at::kFloat).reshape(-1), logps});
}

TEST(GgufBlocks, ADecoderInBlocksComputesTheBitsOfTheValues) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    if (!ops::multiplies_gguf(scalar_type(dtype))) GTEST_SKIP() << "by values on this CPU";
    for (const char* architecture : {"llama", "qwen2"})
      for (const bool is_tied : {false, true}) {
        SCOPED_TRACE(str_cat(architecture, " ", name_of(dtype), is_tied ? " tied" : ""));
        const FileInBlocks file(architecture, is_tied);
        const auto held = file.load("stored", dtype), dense = file.load("none", dtype);
        EXPECT_TRUE(ops::is_gguf(held->head_weight()));
        EXPECT_FALSE(ops::is_gguf(dense->head_weight()));
        for (const NamedLinear& named : held->linears()) EXPECT_FALSE(named.linear->is_quantized());
        EXPECT_EQ(held->num_parameters(), dense->num_parameters());
        EXPECT_TRUE(at::isfinite(results_of(*held)).all().item<bool>());
        EXPECT_TRUE(at::equal(results_of(*held), results_of(*dense)));
        adapt(*held);
        adapt(*dense);
        EXPECT_TRUE(at::equal(results_of(*held), results_of(*dense)));
      }
  }
}

TEST(GgufBlocks, AFootprintIsThatOfTheFile) {
  const FileInBlocks file("llama", true);
  const DecoderFootprint held = footprint_of(*file.open("stored"), Placement{}),
                         dense = footprint_of(*file.open("none"), Placement{});
  EXPECT_EQ(held.block_bytes, file.block_bytes());
  EXPECT_EQ(held.weight_bytes, file.block_bytes() + 5 * kGgufHidden * 4);
  EXPECT_EQ(dense.block_bytes, 0);
  EXPECT_EQ(dense.weight_bytes, dense.num_parameters * 4);
}

TEST(GgufBlocks, AnAdapterMergesIntoTheValues) {
  const FileInBlocks file("llama", true);
  const auto held = file.load("stored", DType::kFloat32), dense = file.load("none", DType::kFloat32);
  adapt(*held);
  adapt(*dense);
  Linear &of_held = *held->linears().front().linear, &of_dense = *dense->linears().front().linear;
  of_held.merge_adapter(at::kFloat);
  of_dense.merge_adapter(at::kFloat);
  EXPECT_TRUE(at::equal(of_held.dense_weight(at::kFloat), of_dense.dense_weight(at::kFloat)));
}

}  // namespace
}  // namespace xlt
