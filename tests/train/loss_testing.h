// SPDX-License-Identifier: Apache-2.0
// What the tests of losses share.
#pragma once

#include "train/loss.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>

#include "xlt/base/config.h"
#include "xlt/train/trainer.h"

namespace xlt {

// Names of options and what a command line would give them.
using LossOptionTexts = std::vector<std::pair<std::string, std::string>>;

// A loss of the table, with options.
inline std::unique_ptr<Loss> make_loss(const std::string& name, const LossOptionTexts& options = {}) {
  auto loss = find_entry(losses(), "method", name).make();
  for (const auto& [option, value] : options) set_option(visit_of(*loss), option, value);
  return loss;
}

inline at::Tensor floats(std::vector<float> values) { return at::tensor(at::ArrayRef<float>(values)); }

}  // namespace xlt
