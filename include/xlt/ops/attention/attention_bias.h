// SPDX-License-Identifier: Apache-2.0
// Terms added to attention's logits that depend on the head and on how far a key lies from its query: ALiBi's
// slopes, T5's buckets.
//
//   options.bias.slopes = alibi_slopes(num_heads);                                         // BLOOM
//   options.bias.by_distance = bias_by_distance(weights, {.num_buckets = 32, .max_distance = 128});   // T5
//
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace xlt::ops {

// Both undefined: no bias. float32, contiguous, on the queries' device; no gradient reaches them (encoders
// and encoder-decoders are scored with, not trained).
struct AttentionBias {
  at::Tensor slopes;       // [H]: logit −= slope · |key position − query position|
  at::Tensor by_distance;  // [H, 2·R + 1]: logit += entry R + clamp(key position − query position, ±R)
  bool is_defined() const { return slopes.defined() || by_distance.defined(); }
};

// [H] float32: 2^(−8·i / H) for i = 1 … H, and for an H that is no power of two those of the power below it
// and then every other one of the next (Press et al. 2022, section 3 and the authors' code; as BLOOM has it).
at::Tensor alibi_slopes(int64_t num_heads);

struct DistanceBuckets {
  int64_t num_buckets = 32;
  int64_t max_distance = 128;  // from here on all distances share a bucket
  bool is_causal = false;      // keys after the query share bucket 0; else they have half of the buckets
};
// The bucket of a distance, key position − query position: one each up to half of what a direction has, then
// growing with the logarithm (Raffel et al. 2020, section 2.1; transformers' `_relative_position_bucket`).
int64_t bucket_of(int64_t distance, const DistanceBuckets& buckets);
// weights [H, num_buckets] (T5 stores the transposed) → AttentionBias::by_distance.
at::Tensor bias_by_distance(const at::Tensor& weights, const DistanceBuckets& buckets);

}  // namespace xlt::ops
