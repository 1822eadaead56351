// CPU kernels of segment_attention: one query and head at a time, two passes over its keys in order of
// position, so that a result depends on nothing else in the batch. SPDX-License-Identifier: Apache-2.0
#include "ops/lanes.h"
#include "ops/segment_attention_kernels.h"
#include "ops/vector_math.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>

namespace xlt::ops {
namespace {

XLT_INLINE void add_scaled(float factor, const float* __restrict__ x, float* __restrict__ y, int64_t length) {
  for (int64_t i = 0; i < length; ++i) y[i] += factor * x[i];
}

XLT_INLINE float capped(float logit, float softcap) {
  return softcap > 0 ? softcap * std::tanh(logit / softcap) : logit;
}

struct QueryKeys {
  const int64_t* rows;
  int64_t count, stride, head_dim;
};

// Logits of one query in `scores`, their exponentials left there; returns log Σ exp.
XLT_CPU_KERNEL float attend(const float* q, const float* k, const float* v, const QueryKeys& keys,
                            float scale, float softcap, float* scores, float* out) {
  float highest = -std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < keys.count; ++j) {
    scores[j] = capped(scale * dot(q, k + keys.rows[j] * keys.stride, keys.head_dim), softcap);
    highest = std::max(highest, scores[j]);
  }
  for (int64_t j = 0; j < keys.count; ++j) scores[j] = exp_approx(scores[j] - highest);
  float sum = 0;
  for (int64_t j = 0; j < keys.count; ++j) sum += scores[j];
  std::fill(out, out + keys.head_dim, 0.0f);
  for (int64_t j = 0; j < keys.count; ++j)
    add_scaled(scores[j] / sum, v + keys.rows[j] * keys.stride, out, keys.head_dim);
  return highest + std::log(sum);
}

// With p = softmax(s), δ = dout·out: ds = p·(dout·v − δ), dq += ds·k, dk += ds·q, dv += p·dout (Dao et al.
// 2022, appendix B).
XLT_CPU_KERNEL void attend_backward(const float* q, const float* k, const float* v, const QueryKeys& keys,
                                    float scale, float softcap, float lse, float delta, const float* dout,
                                    float* dq, float* dk, float* dv) {
  for (int64_t j = 0; j < keys.count; ++j) {
    const int64_t row = keys.rows[j];
    const float logit = capped(scale * dot(q, k + row * keys.stride, keys.head_dim), softcap);
    const float p = exp_approx(logit - lse);
    float ds = p * (dot(dout, v + row * keys.stride, keys.head_dim) - delta) * scale;
    if (softcap > 0) ds *= 1 - (logit / softcap) * (logit / softcap);
    add_scaled(ds, k + row * keys.stride, dq, keys.head_dim);
    add_scaled(ds, q, dk + row * keys.head_dim, keys.head_dim);
    add_scaled(p, dout, dv + row * keys.head_dim, keys.head_dim);
  }
}

XLT_CPU_KERNEL float dot_of(const float* a, const float* b, int64_t length) { return dot(a, b, length); }

}  // namespace

void attention_forward(const AttentionArrays& a, const AttentionRows& rows) {
  const int64_t group = a.num_heads / a.num_key_heads, stride = a.num_key_heads * a.head_dim;
  const int64_t longest = rows.count.empty() ? 0 : *std::max_element(rows.count.begin(), rows.count.end());
  at::parallel_for(0, a.num_queries, 4, [&](int64_t begin, int64_t end) {
    std::vector<float> scores(longest);
    for (int64_t n = begin; n < end; ++n)
      for (int64_t h = 0; h < a.num_heads; ++h) {
        const QueryKeys keys{rows.key_rows.data() + rows.first[n], rows.count[n], stride, a.head_dim};
        const int64_t query = (n * a.num_heads + h) * a.head_dim, key_head = h / group * a.head_dim;
        const float lse =
            attend(a.q + query, a.k + key_head, a.v + key_head, keys, static_cast<float>(a.scale),
                   static_cast<float>(a.softcap), scores.data(), a.out + query);
        if (a.lse != nullptr) a.lse[n * a.num_heads + h] = lse;
      }
  });
}

void attention_backward(const AttentionArrays& a, const AttentionGradients& g, const AttentionRows& rows,
                        const std::vector<int64_t>& tree_query_begins) {
  const int64_t group = a.num_heads / a.num_key_heads, stride = a.num_key_heads * a.head_dim;
  const auto num_trees = static_cast<int64_t>(tree_query_begins.size());
  at::parallel_for(0, num_trees * a.num_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t h = task % a.num_heads, tree = task / a.num_heads;
      const int64_t last = tree + 1 < num_trees ? tree_query_begins[tree + 1] : a.num_queries;
      for (int64_t n = tree_query_begins[tree]; n < last; ++n) {
        const QueryKeys keys{rows.key_rows.data() + rows.first[n], rows.count[n], stride, a.head_dim};
        const int64_t query = (n * a.num_heads + h) * a.head_dim, key_head = h / group * a.head_dim;
        const int64_t plane = h * g.num_keys * a.head_dim;
        const float delta = dot_of(g.dout + query, a.out + query, a.head_dim);
        attend_backward(a.q + query, a.k + key_head, a.v + key_head, keys, static_cast<float>(a.scale),
                        static_cast<float>(a.softcap), a.lse[n * a.num_heads + h], delta, g.dout + query,
                        g.dq + query, g.dk + plane, g.dv + plane);
      }
    }
  });
}

}  // namespace xlt::ops
