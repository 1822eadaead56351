// SPDX-License-Identifier: Apache-2.0
// Which language a text is in, by a fastText model (lid.176, GlotLID).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace xlt {

struct LanguageGuess {
  std::string language;  // as the model labels it, without "__label__"; "zh", "pt"
  double probability;    // 0 … 1
};

class LanguageIdentifier {
 public:
  virtual ~LanguageIdentifier() = default;
  // The most probable label for one line of text (a newline inside is read as a space).
  virtual LanguageGuess identify(std::string_view line) const = 0;
};

// Throws kCheckpoint if the file is not a fastText model, kIo if it cannot be read.
std::unique_ptr<LanguageIdentifier> load_language_identifier(const std::filesystem::path& file);

}  // namespace xlt
