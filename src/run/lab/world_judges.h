// SPDX-License-Identifier: Apache-2.0
// A world's oracle behind the interfaces that evaluations know: of scorers and of language identification.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "xlt/scorers/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

// Throws kUsage for a question that is none, kIo and kData for a file that is no world.
std::unique_ptr<TextOracle> make_text_oracle(const std::filesystem::path& world, const std::string& question);
// Whether --lid names a world instead of a fastText model.
bool is_world_file(const std::filesystem::path& file);
// A text whose words are none of the world's is "und".
std::unique_ptr<LanguageIdentifier> make_world_identifier(const std::filesystem::path& world);

}  // namespace xlt
