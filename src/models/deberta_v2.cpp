// SPDX-License-Identifier: Apache-2.0
// DeBERTa v2 and v3 (He et al. 2021): attention to what a token is and to how far away it is, apart
// ("disentangled"); distances share logarithmic buckets, whose embeddings all layers project anew.
#include "models/encoder_family.h"
#include "models/post_norm_encoder.h"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

namespace {

struct Distances {
  int64_t num_buckets = 0;  // 0: every distance has one of its own, up to `most`
  int64_t most = 512;
  // Rows of the table in either direction.
  int64_t span() const { return num_buckets > 0 ? num_buckets : most; }
  // Of distance d ≥ 0: itself up to half of the buckets, then growing with the logarithm. In float32, as
  // transformers', so that both round up at the same distances.
  int64_t bucket(int64_t d) const {
    const int64_t middle = num_buckets / 2;
    if (num_buckets == 0 || d <= middle) return d;
    const float share =
        std::log(static_cast<float>(d) / static_cast<float>(middle)) /
        std::log(static_cast<float>(static_cast<double>(most - 1) / static_cast<double>(middle)));
    return static_cast<int64_t>(std::ceil(share * static_cast<float>(middle - 1)) +
                                static_cast<float>(middle));
  }
  // Of a query d tokens behind its key, a row of the table.
  int64_t row(int64_t d) const {
    const int64_t signed_bucket = d < 0 ? -bucket(-d) : bucket(d);
    return std::clamp<int64_t>(span() + signed_bucket, 0, 2 * span() - 1);
  }
};

class DebertaEncoder : public PostNormEncoder {
 public:
  DebertaEncoder(const EncoderConfig& config, const Distances& distances, bool has_norm, HeadActivation head)
      : PostNormEncoder(config,
                        {.prefix = "deberta.",
                         .projection = "_proj",
                         .head_dense = "pooler.dense",
                         .head_out = "classifier"},
                        head),
        distances_(distances),
        has_norm_(has_norm) {
    const int64_t hidden = config.hidden_size;
    table_ = weight_shape({2 * distances.span(), hidden});
    if (has_norm) norm_ = {weight_shape({hidden}), weight_shape({hidden}), config.layer_norm_eps};
  }

 protected:
  void visit(PartVisitor& visitor) override {
    PostNormEncoder::visit(visitor);
    visitor.tensor(prefix_ + "encoder.rel_embeddings.weight", table_, TensorRole::kEmbedding);
    if (has_norm_) visit_norm(visitor, prefix_ + "encoder.LayerNorm", norm_);
  }

  at::Tensor mix(int64_t index, const at::Tensor& x, const LayerPass& pass) const override {
    const EncoderLayer& layer = layers_[index];
    const Heads heads = project(layer, x, pass);
    at::Tensor table = table_.to(x.scalar_type());
    if (has_norm_) table = norm_.forward(table);
    const auto by_head = [&](const at::Tensor& rows) {
      return rows.view({-1, config_.num_attention_heads, config_.head_dim}).transpose(0, 1);
    };
    const at::Tensor far_keys = by_head(layer.key.forward(table, {})),
                     far_queries = by_head(layer.query.forward(table, {}));
    std::vector<at::Tensor> mixed;
    for (const ops::AttentionSegment& segment : pass.plan->segments) {
      const auto own = [&](const at::Tensor& rows) {
        return rows.narrow(0, segment.query_begin, segment.query_length).transpose(0, 1).contiguous();
      };
      mixed.push_back(mix_text(own(heads.q), own(heads.k), own(heads.v), far_keys, far_queries));
    }
    return pass.kept(at::cat(mixed).reshape({x.size(0), -1}), index);
  }

 private:
  // q, k, v [H, T, D] of one text → [T, H, D]; the logit of query i and key j is (qᵢ·kⱼ + qᵢ·Kδ +
  // kⱼ·Qδ)/√(3·D) with Kδ and Qδ the projected row of the distance i − j.
  at::Tensor mix_text(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                      const at::Tensor& far_keys, const at::Tensor& far_queries) const {
    const int64_t length = q.size(1), low = distances_.row(1 - length),
                  count = distances_.row(length - 1) - low + 1;  // the rows that this text's distances have
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < length; ++i)
      for (int64_t j = 0; j < length; ++j) rows.push_back(distances_.row(i - j) - low);
    const at::Tensor by_query = at::tensor(at::ArrayRef<int64_t>(rows), at::kLong)
                                    .to(q.device())
                                    .view({1, length, length})
                                    .expand({q.size(0), length, length});
    const auto at_distance = [&](const at::Tensor& content, const at::Tensor& far, const at::Tensor& index) {
      return at::matmul(content, far.narrow(1, low, count).contiguous().transpose(1, 2)).gather(-1, index);
    };
    const at::Tensor logits = at::matmul(q, k.transpose(1, 2)) + at_distance(q, far_keys, by_query) +
                              at_distance(k, far_queries, by_query.transpose(1, 2)).transpose(1, 2);
    const double scale = 1.0 / std::sqrt(3.0 * static_cast<double>(config_.head_dim));
    const at::Tensor weights = at::softmax(logits.to(at::kFloat) * scale, -1).to(v.scalar_type());
    return at::matmul(weights, v).transpose(0, 1);
  }

  Distances distances_;
  bool has_norm_;
  at::Tensor table_;  // [2·span, C]
  LayerNorm norm_;
};

}  // namespace

std::unique_ptr<Encoder> make_deberta_v2(const ConfigReader& json) {
  EncoderConfig config = read_encoder_config(json);
  config.layer_norm_eps = json.not_negative("layer_norm_eps", 1e-7);
  config.num_types = json.size_or_none("type_vocab_size", 0);
  if (!json.flag("position_biased_input", true)) config.num_positions = 0;
  Distances distances{.most = config.max_position_embeddings};
  if (json.has("max_relative_positions") && json.at("max_relative_positions").as_int() > 0)
    distances.most = json.size("max_relative_positions");
  if (json.has("position_buckets") && json.at("position_buckets").as_int() > 0)
    distances.num_buckets = json.size("position_buckets");
  if (!json.flag("relative_attention", false) || !json.flag("share_att_key", false))
    json.fail("relative_attention",
              "only DeBERTa with relative_attention and share_att_key (v2, v3) is supported");
  const std::string types = json.has("pos_att_type") ? dump_json(json.at("pos_att_type").value()) : "";
  if (types.find("c2p") == std::string::npos || types.find("p2c") == std::string::npos)
    json.fail("pos_att_type", "expected both c2p and p2c, as v2 and v3 have");
  if (json.has("conv_kernel_size") && json.at("conv_kernel_size").as_int() > 0)
    json.fail("conv_kernel_size", "DeBERTa with a convolution (v2 xlarge and xxlarge) is not supported");
  if (json.size("embedding_size", config.hidden_size) != config.hidden_size)
    json.fail("embedding_size", "must be hidden_size");
  const bool has_norm = json.text("norm_rel_ebd", "none").find("layer_norm") != std::string::npos;
  const std::string head = json.text("pooler_hidden_act", "gelu");
  if (head != "gelu" && head != "tanh")
    json.fail("pooler_hidden_act", str_cat("\"", head, "\" is not supported; supported: gelu, tanh"));
  return std::make_unique<DebertaEncoder>(config, distances, has_norm,
                                          head == "tanh" ? HeadActivation::kTanh : HeadActivation::kGelu);
}

}  // namespace xlt
