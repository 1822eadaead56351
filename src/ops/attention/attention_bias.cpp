// SPDX-License-Identifier: Apache-2.0
#include "xlt/ops/attention/attention_bias.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/error.h"

namespace xlt::ops {

at::Tensor alibi_slopes(int64_t num_heads) {
  XLT_CHECK(num_heads > 0, "slopes for ", num_heads, " heads");
  const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(num_heads)));
  at::Tensor slopes = at::empty({num_heads}, at::kFloat);
  float* data = slopes.mutable_data_ptr<float>();
  for (int64_t i = 0; i < num_heads; ++i) {
    const bool is_extra = i >= power;
    const double exponent = is_extra ? static_cast<double>(2 * (i - power) + 1) / (2 * power)
                                     : static_cast<double>(i + 1) / power;
    data[i] = static_cast<float>(std::exp2(-8 * exponent));
  }
  return slopes;
}

int64_t bucket_of(int64_t distance, const DistanceBuckets& buckets) {
  const int64_t of_side = buckets.is_causal ? buckets.num_buckets : buckets.num_buckets / 2;
  const int64_t side = !buckets.is_causal && distance > 0 ? of_side : 0;
  const int64_t away = buckets.is_causal ? std::max<int64_t>(-distance, 0) : std::abs(distance);
  const int64_t exact = of_side / 2;
  if (away < exact) return side + away;
  // In float32, as transformers computes it: an edge between two buckets falls where it does there.
  const float ratio = std::log(static_cast<float>(away) / static_cast<float>(exact)) /
                      static_cast<float>(std::log(static_cast<double>(buckets.max_distance) / exact));
  const auto beyond = static_cast<int64_t>(ratio * static_cast<float>(of_side - exact));
  return side + std::min(exact + beyond, of_side - 1);
}

at::Tensor bias_by_distance(const at::Tensor& weights, const DistanceBuckets& buckets) {
  const int64_t reach = buckets.max_distance, sides = buckets.is_causal ? 1 : 2;
  XLT_CHECK(weights.dim() == 2 && weights.size(1) == buckets.num_buckets &&
                buckets.num_buckets >= 2 * sides && reach > buckets.num_buckets / sides / 2,
            "weights ", weights.sizes(), " [H, buckets] for ", buckets.num_buckets,
            " buckets up to a distance of ", reach);
  std::vector<int64_t> which;
  for (int64_t distance = -reach; distance <= reach; ++distance)
    which.push_back(bucket_of(distance, buckets));
  const at::Tensor index = at::tensor(at::ArrayRef<int64_t>(which), at::kLong).to(weights.device());
  return at::index_select(weights.detach(), 1, index).to(at::kFloat).contiguous();
}

}  // namespace xlt::ops
