// SPDX-License-Identifier: Apache-2.0
// An arm of an experiment: a name, and one evaluation a seed.
#pragma once

#include "findings/evaluation_folder.h"

#include <string>
#include <vector>

namespace xlt {

struct Arm {
  std::string name;
  std::vector<EvaluationFolder> seeds;
};

// "DIR" (named after the folder) or "NAME=DIR[,DIR…]". Throws kUsage for other texts, kIo and kData as
// EvaluationFolder.
Arm parse_arm(const std::string& text);
// Arms so written; the first is the base. Throws kUsage for fewer than
// two arms, two of one name, or a folder that is given twice.
std::vector<Arm> read_arms(const std::vector<std::string>& texts);

}  // namespace xlt
