// SPDX-License-Identifier: Apache-2.0
// kv_append against index_copy: dtypes, odd shapes, strided rows.
#include "xlt/ops/kv/kv_append.h"

#include "ops/op_testing.h"

#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"
#include "xlt/ops/cuda.h"

namespace xlt::ops {
namespace {

using xlt::testing::normal;
using xlt::testing::same_bits;
using xlt::testing::Target;

constexpr int64_t kCapacity = 40;

class KvAppendOn : public ::testing::TestWithParam<std::tuple<Target, std::vector<int64_t>>> {};

TEST_P(KvAppendOn, IsIndexCopyOfBoth) {
  const auto& [target, sizes] = GetParam();
  XLT_SKIP_WITHOUT_DEVICE(target);
  const at::Device device(target.device);
  const int64_t rows = sizes[0], heads = sizes[1], width = sizes[2];
  const at::Tensor keys = normal({kCapacity, heads, width}, 1, target.dtype).to(device),
                   values = normal({kCapacity, heads, width}, 2, target.dtype).to(device);
  // As projections lie: one inside a wider tensor, and one that is not dense at all.
  const at::Tensor k = normal({rows, 3 * heads * width}, 3, target.dtype)
                           .to(device)
                           .narrow(1, heads * width, heads * width)
                           .view({rows, heads, width});
  const at::Tensor v = normal({rows, width, heads}, 4, target.dtype).to(device).transpose(1, 2);
  const at::Tensor slots = (at::arange(rows, at::kLong) * 7 + 3).remainder(kCapacity).to(device);
  const at::Tensor expected_keys = keys.index_copy(0, slots, k),
                   expected_values = values.index_copy(0, slots, v);
  kv_append(keys, values, k, v, slots);
  EXPECT_TRUE(same_bits(keys, expected_keys));
  EXPECT_TRUE(same_bits(values, expected_values));
}

std::string name_of_case(const ::testing::TestParamInfo<KvAppendOn::ParamType>& info) {
  std::string name = xlt::testing::name_of(std::get<0>(info.param));
  for (const int64_t size : std::get<1>(info.param)) name += "_" + std::to_string(size);
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    EveryBackend, KvAppendOn,
    ::testing::Combine(::testing::ValuesIn(xlt::testing::cpu_and_cuda_targets()),
                       ::testing::Values(std::vector<int64_t>{0, 2, 8}, std::vector<int64_t>{1, 1, 1},
                                         std::vector<int64_t>{13, 3, 7}, std::vector<int64_t>{40, 2, 256})),
    name_of_case);

TEST(KvAppend, RefusesASlotBeyondTheCacheAndWritesNothing) {
  const at::Tensor cache = at::zeros({4, 1, 2}), rows = at::ones({2, 1, 2});
  EXPECT_THROW(kv_append(cache, cache.clone(), rows, rows, at::tensor({0, 4}, at::kLong)), Error);
  EXPECT_THROW(kv_append(cache, cache.clone(), rows, rows, at::tensor({0, -1}, at::kLong)), Error);
  EXPECT_TRUE((cache == 0).all().item<bool>());
}

TEST(KvAppend, RefusesRowsOfAnotherShapeOrType) {
  const at::Tensor cache = at::zeros({4, 1, 2}), slots = at::tensor({0, 1}, at::kLong);
  EXPECT_THROW(kv_append(cache, cache.clone(), at::ones({2, 2, 2}), at::ones({2, 2, 2}), slots), Error);
  EXPECT_THROW(kv_append(cache, cache.clone(), at::ones({3, 1, 2}), at::ones({3, 1, 2}), slots), Error);
  const at::Tensor half = at::ones({2, 1, 2}, at::kHalf);
  EXPECT_THROW(kv_append(cache, cache.clone(), half, half, slots), Error);
}

}  // namespace
}  // namespace xlt::ops
