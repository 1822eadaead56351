// SPDX-License-Identifier: Apache-2.0
#include "xlt/nn/kv_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/nn/token_batch.h"

namespace xlt {
namespace {

TEST(KvCache, KeepsWhatEachLayerWroteIntoItsSlots) {
  const std::vector<at::TensorOptions> layers(2, at::kFloat);
  KvCache cache(layers, /*capacity=*/6, /*num_key_value_heads=*/2, /*head_dim=*/3);
  EXPECT_EQ(cache.capacity(), 6);
  for (const int64_t layer : {0, 1}) EXPECT_EQ(cache.keys(layer).sizes(), (std::vector<int64_t>{6, 2, 3}));
  const at::Tensor k = at::randn({3, 2, 3}), v = at::randn({3, 2, 3}),
                   slots = at::tensor({4, 0, 1}, at::kLong);
  cache.append(0, k, v, slots);
  cache.append(1, v, k, slots);
  EXPECT_TRUE(cache.keys(0).index_select(0, slots).equal(k));
  EXPECT_TRUE(cache.values(0).index_select(0, slots).equal(v));
  EXPECT_TRUE(cache.keys(1).index_select(0, slots).equal(v));
  // A slot that is handed out again is overwritten, its neighbours are not.
  const at::Tensor next = at::randn({1, 2, 3});
  cache.append(0, next, next, at::tensor({0}, at::kLong));
  EXPECT_TRUE(cache.keys(0)[0].equal(next[0]));
  EXPECT_TRUE(cache.keys(0)[4].equal(k[0]));
  EXPECT_TRUE(cache.keys(1)[0].equal(v[1]));
}

TEST(KvCache, IsInTheTypeItWasMadeFor) {
  KvCache cache(std::vector<at::TensorOptions>(1, at::kBFloat16), 4, 1, 2);
  const at::Tensor k = at::randn({1, 1, 2}).to(at::kBFloat16);
  cache.append(0, k, k, at::tensor({3}, at::kLong));
  EXPECT_EQ(cache.keys(0).scalar_type(), at::kBFloat16);
  EXPECT_TRUE(cache.keys(0)[3].equal(k[0]));
}

}  // namespace
}  // namespace xlt
