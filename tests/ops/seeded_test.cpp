// SPDX-License-Identifier: Apache-2.0
// libtorch seeds its generator from the system's entropy; here every test begins from the same seed, so that
// a failure is one in every run.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace {

class SeedEveryTest : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { at::manual_seed(1); }
};

[[maybe_unused]] const bool kIsListening = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new SeedEveryTest);
  return true;
}();

TEST(SeededTest, RandomTensorsAreTheSameInEveryRun) {
  const at::Tensor first = at::randn({4});
  at::manual_seed(1);
  EXPECT_TRUE(at::equal(first, at::randn({4})));
}

}  // namespace
