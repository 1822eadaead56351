// A tokenizer from tokenizer.json. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "xlt/text/tokenizer.h"

namespace xlt {

std::unique_ptr<Tokenizer> load_json_tokenizer(const std::filesystem::path& folder);

}  // namespace xlt
