// SPDX-License-Identifier: Apache-2.0
// How long OpenMP's threads spin, for the engine and for the front that starts it.
#pragma once

namespace xlt::wait_policy {

// Who sets one of these keeps the choice.
inline constexpr const char* kChoices[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"};
// Turns of a loop with a pause, tens of nanoseconds each: about what putting a thread to sleep and waking it
// costs. With half as many, threads that finish a product a tenth of a millisecond apart sleep at its end,
// and generation takes 1.04 to 1.18 times as long; with 8,000, two runs on the same cores take 1.3 times as
// long as with 2,000 (tests/README.md).
inline constexpr const char* kVariable = "GOMP_SPINCOUNT";
inline constexpr const char* kTurns = "4000";

}  // namespace xlt::wait_policy
