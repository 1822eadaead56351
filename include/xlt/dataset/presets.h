// SPDX-License-Identifier: Apache-2.0
// What the published data sets of presets.def are, in words.
#pragma once

#include <string>

namespace xlt {

// Which published files a preset reads and which of their fields: "train.csv … of …; its fields are …".
// Throws kUsage for an unknown name.
std::string preset_files(const std::string& preset);

}  // namespace xlt
