// SPDX-License-Identifier: Apache-2.0
#include "ops/timing.h"

#include <vector>

#include "xlt/base/context.h"
#include "xlt/stats/descriptive.h"

namespace xlt::ops {

double median_seconds(const std::function<at::Tensor()>& call, int64_t repeats) {
  constexpr double kLeast = 0.02;
  const auto timed = [&](int64_t calls) {
    const double begin = monotonic_seconds();
    at::Tensor last;
    for (int64_t i = 0; i < calls; ++i) last = call();
    if (!last.is_cpu()) last.view(-1)[0].item();
    return monotonic_seconds() - begin;
  };
  timed(1);  // what a library makes at its first call
  int64_t calls = 1;
  while (timed(calls) < kLeast) calls *= 2;
  std::vector<double> seconds;
  for (int64_t i = 0; i < repeats; ++i) seconds.push_back(timed(calls) / static_cast<double>(calls));
  return *median_of(seconds);
}

}  // namespace xlt::ops
