// SPDX-License-Identifier: Apache-2.0
#include "train/own_default.h"

#include "xlt/base/error.h"

namespace xlt {

OptionCheck zero_or_more_or_own() {
  const auto fault = [](double value) {
    return value >= 0 || value == kOwnDefault ? "" : str_cat("must be at least 0, or -1, is ", value);
  };
  return {fault, {}, "≥ 0, or -1"};
}

}  // namespace xlt
