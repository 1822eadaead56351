// SPDX-License-Identifier: Apache-2.0
// Parts that families assemble: weights as shapes, the rotation tables of a pass, activation names.
#pragma once

#include <functional>
#include <string>

#include <ATen/core/Tensor.h>

#include "xlt/base/placement.h"
#include "xlt/models/decoder.h"
#include "xlt/models/model_config.h"
#include "xlt/nn/attention.h"
#include "xlt/nn/gated_mlp.h"

namespace xlt {

class TokenBatch;

at::Tensor weight_shape(at::IntArrayRef shape);  // a meta tensor
Linear linear_shape(int64_t out, int64_t in, bool has_bias = false);
ops::Activation parse_activation(const std::string& name,
                                 const std::string& where);  // silu, gelu_pytorch_tanh

Attention make_attention(const ModelConfig& config, int64_t layer);
GatedMlp make_gated_mlp(const ModelConfig& config);

// What the layers share of one pass of `decoder` over `batch`; its tensors on `device`.
ForwardPass forward_pass(const Decoder& decoder, const TokenBatch& batch, KvCache* cache,
                         const Decoder::Rows& rows, at::Device device);
// embed_tokens rows of the batch, in the dtype of `where`: [N, C]
at::Tensor embed(const at::Tensor& embed_tokens, const TokenBatch& batch, const Placement& where);
// cos/sin of the batch's positions for one layer type, on `device`.
ops::RopeAngles angles_of(const ModelConfig& config, LayerType type, const TokenBatch& batch,
                          at::Device device);

using ParameterVisitor = std::function<void(const std::string& name, at::Tensor& tensor)>;
using LinearVisitor = std::function<void(const std::string& name, Linear& linear)>;
void visit_attention(Attention& attention, const std::string& prefix, const ParameterVisitor& parameter,
                     const LinearVisitor& linear);
void visit_gated_mlp(GatedMlp& mlp, const std::string& prefix, const LinearVisitor& linear);

}  // namespace xlt
