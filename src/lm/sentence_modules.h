// SPDX-License-Identifier: Apache-2.0
// What a sentence-transformers folder says beside its weights: how token vectors become one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "xlt/lm/sentence_encoder.h"

namespace xlt {

struct SentenceModules {
  SentencePooling pooling;
  std::optional<int64_t> max_length;
};
// modules.json, the pooling module's config.json, sentence_bert_config.json. Where there is no modules.json:
// the mean, not normalised. Throws kUnsupported for a module or pooling that is not done here, kCheckpoint
// for a malformed file.
SentenceModules read_sentence_modules(const std::filesystem::path& folder);

}  // namespace xlt
