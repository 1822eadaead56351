// SPDX-License-Identifier: Apache-2.0
// Added tokens → normaliser → pre-tokenizer → token model → post-processor; and back.
#pragma once

#include "text/tokenizer_file.h"
#include "text/tokenizer_settings.h"

#include <memory>

#include "xlt/text/tokenizer.h"

namespace xlt {

// `file.place` must be the path of the file it was read from.
std::unique_ptr<Tokenizer> make_pipeline_tokenizer(TokenizerFile file, const TokenizerSettings& settings);

}  // namespace xlt
