// SPDX-License-Identifier: Apache-2.0
// Whether ThreadSanitizer sees what kernels do on their threads: a sum that every thread adds to is a race,
// and must be found (`--planted`); sums of their own, read after the threads have met, are none, and must
// pass.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <ATen/Parallel.h>

namespace {

constexpr int64_t kItems = 1 << 16;

int64_t sum_of_own_parts() {
  std::vector<int64_t> parts(static_cast<size_t>(at::get_num_threads()));
  at::parallel_for(0, kItems, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) parts[static_cast<size_t>(at::get_thread_num())] += i;
  });
  int64_t sum = 0;
  for (const int64_t part : parts) sum += part;
  return sum;
}

int64_t sum_of_all_in_one() {
  int64_t sum = 0;
  at::parallel_for(0, kItems, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sum += i;
  });
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const bool planted = argc > 1 && std::string(argv[1]) == "--planted";
  at::set_num_threads(4);
  const int64_t sum = planted ? sum_of_all_in_one() : sum_of_own_parts();
  if (!planted && sum != kItems * (kItems - 1) / 2) return 1;
  std::puts("no race seen");
  return 0;
}
