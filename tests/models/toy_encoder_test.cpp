// SPDX-License-Identifier: Apache-2.0
// An encoder with a classifier on top is a layered model like any other: no cache, no head, tokens that see
// each other both ways. It loads, takes adapters and shows its hidden states by what all models share.
#include "models/layer_pass.h"
#include "models/load_weights.h"
#include "models/parts.h"
#include "scratch_folder.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/models/lora.h"
#include "xlt/nn/layer_norm.h"
#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;
constexpr int64_t kToyHidden = 12, kToyVocab = 20, kLayers = 2, kLabels = 3;

struct EncoderLayer {
  Linear query, key, value, dense;
  LayerNorm norm;
};

class ToyClassifier : public LayeredModel {
 public:
  ToyClassifier()
      : LayeredModel({.model_type = "toy",
                      .vocab_size = kToyVocab,
                      .hidden_size = kToyHidden,
                      .num_hidden_layers = kLayers,
                      .num_attention_heads = 1}) {
    words_ = weight_shape({kToyVocab, kToyHidden});
    positions_ = weight_shape({32, kToyHidden});
    for (int64_t i = 0; i < kLayers; ++i) {
      const auto square = [] { return linear_shape(kToyHidden, kToyHidden, /*has_bias=*/true); };
      layers_.push_back({square(), square(), square(), square(), norm()});
    }
    classifier_ = linear_shape(kLabels, kToyHidden, /*has_bias=*/true);
  }
  // [S, labels]: of the mean over each segment's tokens.
  at::Tensor logits(const TokenBatch& batch) const {
    const at::Tensor hidden = run_layers(batch, /*cache=*/nullptr, /*rows=*/{});
    std::vector<at::Tensor> means;
    for (const Segment& segment : batch.segments())
      means.push_back(hidden.narrow(0, segment.begin, segment.length).mean(0));
    return classifier_.forward(at::stack(means), {});
  }

 protected:
  LayerState embed(const TokenBatch& batch) const override {
    return {embed_rows(words_, batch, placement().dtype) +
                positions_.index_select(0, at::tensor(at::ArrayRef<int64_t>(batch.position_ids()))),
            {}};
  }
  LayerState layer(int64_t index, LayerState state, LayerPass& pass) const override {
    const EncoderLayer& layer = layers_[index];
    const at::Tensor q = layer.query.forward(state.x, pass.dropout),
                     k = layer.key.forward(state.x, pass.dropout),
                     v = layer.value.forward(state.x, pass.dropout);
    std::vector<at::Tensor> mixed;
    for (const auto& segment : pass.plan->segments) {
      const auto own = [&](const at::Tensor& x) {
        return x.narrow(0, segment.query_begin, segment.query_length);
      };
      const at::Tensor scores = at::matmul(own(q), own(k).t()) / std::sqrt(static_cast<double>(kToyHidden));
      mixed.push_back(at::matmul(scores.softmax(-1), own(v)));
    }
    state.x = layer.norm.forward(state.x + layer.dense.forward(at::cat(mixed), pass.dropout));
    return state;
  }
  at::Tensor final_norm(LayerState state) const override { return state.x; }

  void visit(PartVisitor& visitor) override {
    visitor.tensor("embeddings.word.weight", words_, TensorRole::kEmbedding);
    visitor.tensor("embeddings.position.weight", positions_, TensorRole::kEmbedding);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const std::string prefix = str_cat("layer.", i, ".");
      visitor.linear(prefix + "query", layers_[i].query);
      visitor.linear(prefix + "key", layers_[i].key);
      visitor.linear(prefix + "value", layers_[i].value);
      visitor.linear(prefix + "dense", layers_[i].dense);
      visit_norm(visitor, prefix + "norm", layers_[i].norm);
    }
    visitor.linear("classifier", classifier_);
  }

 private:
  static LayerNorm norm() { return {weight_shape({kToyHidden}), weight_shape({kToyHidden})}; }
  at::Tensor words_, positions_;
  std::vector<EncoderLayer> layers_;
  Linear classifier_;
};

class ToyEncoder : public FolderTest {
 protected:
  ToyEncoder() {
    at::manual_seed(2);
    ToyClassifier shapes;
    for (const NamedParameter& parameter : shapes.parameters())
      tensors_.emplace_back(parameter.name, at::randn(parameter.tensor->sizes()) * 0.5);
    save_safetensors(folder_ / "model.safetensors", tensors_);
    load_weights(model_, *open_model_source(folder_)->weights(), Context{});
  }
  std::vector<std::pair<std::string, at::Tensor>> tensors_;
  ToyClassifier model_;
};

TEST_F(ToyEncoder, ATextIsClassifiedAloneAsInABatch) {
  TokenBatch both, alone;
  both.add(Ids{1, 2, 3});
  both.add(Ids{4, 5, 6, 7, 8});
  alone.add(Ids{4, 5, 6, 7, 8});
  EXPECT_LT((model_.logits(both)[1] - model_.logits(alone)[0]).abs().max().item<float>(), 1e-6f);
  EXPECT_EQ(model_.logits(both).sizes(), (Ids{2, kLabels}));
}

TEST_F(ToyEncoder, AnEarlierTokenSeesALaterOne) {
  TokenBatch one, other;
  one.add(Ids{1, 2, 3});
  other.add(Ids{1, 2, 9});
  const auto a = model_.hidden_states(one, Ids{0, kLayers}), b = model_.hidden_states(other, Ids{0, kLayers});
  EXPECT_TRUE(at::equal(a[0][0], b[0][0]));
  EXPECT_GT((a[1][0] - b[1][0]).abs().max().item<float>(), 1e-3f);
}

TEST_F(ToyEncoder, AdaptersRoundTripAndMerge) {
  TokenBatch batch;
  batch.add(Ids{1, 2, 3});
  const at::Tensor plain = model_.logits(batch);
  attach_lora(model_, {.r = 2, .alpha = 4}, Rng(3));
  EXPECT_TRUE(at::equal(model_.logits(batch), plain));
  save_lora(model_, folder_ / "adapter", "base");
  ToyClassifier other;
  load_weights(other, *open_model_source(folder_)->weights(), Context{});
  load_lora(other, folder_ / "adapter");
  EXPECT_EQ(merge_lora(other).size(), other.linears().size());
  EXPECT_LT((other.logits(batch) - plain).abs().max().item<float>(), 1e-5f);
}

TEST_F(ToyEncoder, EveryTensorThatDoesNotFitIsInOneError) {
  auto tensors = tensors_;
  tensors.erase(tensors.begin() + 3, tensors.begin() + 5);
  tensors[0].second = at::zeros({kToyVocab + 1, kToyHidden});
  tensors.emplace_back("pooler.weight", at::zeros({1}));
  tensors.emplace_back("embeddings.position_ids", at::zeros({1}));  // a constant, no weight
  save_safetensors(folder_ / "model.safetensors", tensors);
  ToyClassifier model;
  try {
    load_weights(model, *open_model_source(folder_)->weights(), Context{});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint);
    for (const char* part :
         {"2 tensors are missing: \"layer.0.query.bias\", \"layer.0.key.weight\"",
          "one tensor has another shape than config.json asks for: \"embeddings.word.weight\" "
          "[21, 12] instead of [20, 12]",
          "one tensor has no place in the model: \"pooler.weight\""})
      EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

}  // namespace
}  // namespace xlt
