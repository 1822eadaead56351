// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: what the base rate is multiplied by. Equal to transformers' lambdas of the same
// names.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace xlt {

struct ScheduleSteps {
  int64_t warmup_steps = 0, total_steps = 0;
};

struct Schedule {
  const char* name;
  // `step`: optimizer steps already made, so the first step of a warm-up has factor 0.
  double (*factor)(int64_t step, const ScheduleSteps& steps);
};

std::span<const Schedule> schedules();
const Schedule& find_schedule(std::string_view name);  // throws kUsage with the nearest name

}  // namespace xlt
