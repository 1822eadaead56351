// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "xlt/base/context.h"

namespace xlt {

// Warns where the model that the adapter's adapter_config.json names is still there and is another one than
// `model`: shapes may fit by chance, and what comes of it is nobody's. A model that has moved away says
// nothing, and a copy is the same one.
void warn_of_other_base(const std::filesystem::path& adapter, const std::filesystem::path& model,
                        const Context& context);

}  // namespace xlt
