// SPDX-License-Identifier: Apache-2.0
// Which texts people are to judge: the same items of every arm, drawn by chance.
#pragma once

#include "findings/arm.h"

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/json.h"
#include "xlt/findings/human.h"

namespace xlt {

// One text, or two beside each other, and where they came from.
struct SampledItem {
  std::string language, prompt;
  std::vector<std::string> texts;  // one, or A's and B's
  Json key;                        // what key.json says of it
};

struct Sample {
  std::vector<SampledItem> items;  // in random order within each language
  Json equal_pairs;                // {language: how many pairs were left out, both texts being the same}
};

// What was asked for and is not there is a warning, and so are equal pairs. Throws kUsage for a language or
// benchmark that no arm has, kData where no item is in every arm, or all there is are equal pairs.
Sample sample_items(const std::vector<Arm>& arms, const HumanOptions& options, const Context& context);

}  // namespace xlt
