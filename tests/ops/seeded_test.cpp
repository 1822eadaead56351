// SPDX-License-Identifier: Apache-2.0
// libtorch seeds its generator from the system's entropy; here every test begins from the same seed, so that
// a failure is one in every run.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "xlt/ops/cuda.h"

namespace {

class SeedEveryTest : public ::testing::EmptyTestEventListener {
  // manual_seed() asks libtorch about CUDA: its library must be there by then.
  void OnTestProgramStart(const ::testing::UnitTest&) override { xlt::ops::why_no_cuda(); }
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
