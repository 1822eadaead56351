// SPDX-License-Identifier: Apache-2.0
// Layers over devices, balanced by their bytes.
#include "xlt/models/device_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kMb = 1'000'000;

// Llama 3.1 8B in bfloat16: 32 layers of 436 MB, embedding and head of 1,051 MB each.
std::vector<int64_t> llama_8b() {
  std::vector<int64_t> layers(32, 436 * kMb);
  layers.front() += 1051 * kMb;
  layers.back() += 1051 * kMb;
  return layers;
}

TEST(BalanceLayers, HalvesOf8BLieOnEqualDevices) {
  EXPECT_THAT(balance_layers(llama_8b(), std::vector<int64_t>{24'000 * kMb, 24'000 * kMb}),
              ElementsAre(0, 16));
  EXPECT_THAT(balance_layers(llama_8b(), std::vector<int64_t>{24'000 * kMb}), ElementsAre(0));
}

// 16,054 MB over 20 + 10 GB: 22 layers and the embedding are 53.2 % of the first, the other 10 and the head
// 54.1 % of the second; with 23 the first would have 55.4 %, with 21 the second 58.5 %.
TEST(BalanceLayers, ADevicesShareIsThatOfItsMemory) {
  EXPECT_THAT(balance_layers(llama_8b(), std::vector<int64_t>{20'000 * kMb, 10'000 * kMb}),
              ElementsAre(0, 22));
  EXPECT_THAT(balance_layers(llama_8b(), std::vector<int64_t>{8'000 * kMb, 8'000 * kMb, 16'000 * kMb}),
              ElementsAre(0, 7, 16));
}

// A head as large as all layers together leaves the last device the last layer alone.
TEST(BalanceLayers, WhatIsReadBesideALayerCounts) {
  EXPECT_THAT(balance_layers(std::vector<int64_t>{10, 10, 10, 50}, std::vector<int64_t>{1, 1}),
              ElementsAre(0, 3));
  EXPECT_THAT(balance_layers(std::vector<int64_t>{50, 10, 10, 10}, std::vector<int64_t>{1, 1}),
              ElementsAre(0, 1));
}

TEST(BalanceLayers, OfMapsAlikeTheLastDeviceHasLeast) {
  EXPECT_THAT(balance_layers(std::vector<int64_t>(5, 1), std::vector<int64_t>{1, 1}), ElementsAre(0, 3));
  EXPECT_THAT(balance_layers(std::vector<int64_t>(3, 1), std::vector<int64_t>{1, 1, 1}),
              ElementsAre(0, 1, 2));
}

TEST(BalanceLayers, MoreDevicesThanLayersAreRefused) {
  try {
    balance_layers(std::vector<int64_t>{1, 1}, std::vector<int64_t>{1, 1, 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("3 devices, and the model has 2 layers"));
  }
}

TEST(DeviceMap, TheHeadIsOnTheLastDeviceAndWithItAnEmbeddingThatItIs) {
  DeviceMap map{std::vector<Placement>(2), {0, 3}};
  EXPECT_EQ(map.device_of(DeviceMap::kEmbedding), 0);
  EXPECT_EQ(map.device_of(2), 0);
  EXPECT_EQ(map.device_of(3), 1);
  EXPECT_EQ(map.device_of(7), 1);
  map.ties_head = true;
  EXPECT_EQ(map.device_of(DeviceMap::kEmbedding), 1);
  EXPECT_EQ(DeviceMap{}.device_of(5), 0);
}

TEST(RoomOf, CpusAreAlike) {
  EXPECT_THAT(room_of(std::vector<Placement>(3)), ElementsAre(1, 1, 1));
  EXPECT_EQ(name_of(std::vector<Placement>(2)), "cpu,cpu");
}

}  // namespace
}  // namespace xlt
