// SPDX-License-Identifier: Apache-2.0
#include "cli/estimate_line.h"

#include <gtest/gtest.h>

namespace xlt::cli {
namespace {

TEST(EstimateLine, SaysWhatIsKnown) {
  EXPECT_EQ(estimate_line({{"seconds", 713.9}, {"memory_bytes", 1255291392.0}, {"disk_bytes", 1.46e9}}),
            "about 12 min, at most 1.3 GB of memory, 1.5 GB of disk");
  EXPECT_EQ(estimate_line({{"seconds", 1.07}, {"memory_bytes", 157159424}}),
            "about 2.0 s, at most 157 MB of memory");
  EXPECT_EQ(estimate_line({{"seconds", 200000.0}, {"memory_bytes", nullptr}}), "about 2.3 days");
}

TEST(EstimateLine, CountsWhatCouldNotBeEstimated) {
  EXPECT_EQ(estimate_line({{"seconds", 7200.0}, {"seconds_unknown", 3}}),
            "about 2.0 h and what 3 cells take that cannot be estimated");
}

}  // namespace
}  // namespace xlt::cli
