// SPDX-License-Identifier: Apache-2.0
// Which language a text is in, by a fastText model (lid.176, GlotLID, OpenLID).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace xlt {

struct LanguageGuess {
  std::string language;  // the model's label as BCP-47; "zh", "pt", of GlotLID "zh-Hani", "pt-Latn"
  double probability;    // 0 … 1
};

class LanguageIdentifier {
 public:
  virtual ~LanguageIdentifier() = default;
  // The most probable label for one line of text (a newline inside is read as a space).
  virtual LanguageGuess identify(std::string_view line) const = 0;
  // Whether one of its labels is_language() `language`: if not, no guess says anything about it.
  virtual bool knows(std::string_view language) const = 0;
};

// A model's label as BCP-47: "__label__cmn_Hani" → "zh-Hani". A label without a script is one of Wikipedia's
// codes, as lid.176 has them: there `als` is Alemannic, in ISO 639-3 (als_Latn) Tosk Albanian.
std::string language_of_label(std::string_view label);

// Throws kCheckpoint if the file is not a fastText model, kIo if it cannot be read.
std::unique_ptr<LanguageIdentifier> load_language_identifier(const std::filesystem::path& file);

}  // namespace xlt
