// SPDX-License-Identifier: Apache-2.0
// Retention: beside what a loss is trained on, a stream of texts that holds the policy to what it could do
// before, text in other languages say.
//
//   L + weight · 1/N·Σ KL(reference ‖ policy)     kind "kl": over the places of the texts' labels, N of them
//   L − weight · 1/N·Σ log π(t_i | t_<i)          kind "nll"
//
// The KL of next-token distributions is the retain term of NPO's and other unlearning papers (Zhang et al.
// 2024, arXiv 2404.05868; Maini et al. 2024, "TOFU", arXiv 2401.06121, "KL minimization"), the
// negative log-likelihood that of "gradient difference" there. Which way round the KL goes differs among
// them; here the reference's distribution is the one that is averaged over, so the policy must keep what the
// reference finds likely.
#pragma once

#include "train/loss.h"

#include <memory>
#include <string>

namespace xlt {

// A loss with one more set, "retain" (texts), and one more term, logged as retain_loss without its weight.
// `loss` has its options already. Throws kUsage for an unknown kind.
std::unique_ptr<Loss> with_retention(std::unique_ptr<Loss> loss, const std::string& kind, double weight);
std::vector<std::string> retain_kinds();

}  // namespace xlt
