// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <algorithm>
#include <string>
#include <vector>

#include "xlt/base/registry.h"

namespace xlt {

namespace {

double ramp(int64_t step, int64_t warmup_steps) {
  return static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, warmup_steps));
}

// Warm-up steps are ignored, as transformers does.
double constant(int64_t, const ScheduleSteps&) { return 1.0; }

double constant_with_warmup(int64_t step, const ScheduleSteps& steps) {
  return step < steps.warmup_steps ? ramp(step, steps.warmup_steps) : 1.0;
}

// To 0 at `total_steps`.
double linear(int64_t step, const ScheduleSteps& steps) {
  if (step < steps.warmup_steps) return ramp(step, steps.warmup_steps);
  const int64_t decay_steps = std::max<int64_t>(1, steps.total_steps - steps.warmup_steps);
  return std::max(0.0, static_cast<double>(steps.total_steps - step) / static_cast<double>(decay_steps));
}

constexpr Schedule kSchedules[] = {
#define X(name, what) {#name, name},
#include "train/schedules.def"
#undef X
};

}  // namespace

std::span<const Schedule> schedules() { return kSchedules; }

const Schedule& find_schedule(std::string_view name) {
  std::vector<std::string> names;
  for (const Schedule& schedule : kSchedules) {
    if (name == schedule.name) return schedule;
    names.emplace_back(schedule.name);
  }
  throw_unknown_name("learning-rate schedule", name, names);
}

}  // namespace xlt
