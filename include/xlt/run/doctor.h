// SPDX-License-Identifier: Apache-2.0
// Looks at what this machine and build offer, and says what to do about problems.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "xlt/base/placement.h"

namespace xlt {

enum class Verdict { kFine, kNote, kProblem };

struct Finding {
  std::string what, found;
  Verdict verdict = Verdict::kFine;
  std::string advice;  // what to do; empty where nothing is
};

// `lid_file`: a language-identification model to try, or empty.
std::vector<Finding> examine_machine(const std::string& lid_file);

// What `model` would be loaded as on `devices`: family, parameters and dtype, tokenizer, chat template, about
// how much memory evaluating and training take, and of several devices which layers each would have. Reads no
// weights. What is wrong with it is a finding, too.
std::vector<Finding> examine_model(const std::string& model, std::span<const Placement> devices);

}  // namespace xlt
