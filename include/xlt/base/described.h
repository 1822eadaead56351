// SPDX-License-Identifier: Apache-2.0
// A name that can be given somewhere, and what it stands for, in a few words: a row of `xlt ls`.
#pragma once

#include <string>

namespace xlt {

struct Described {
  std::string name, what;
};

}  // namespace xlt
