// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/language_id.h"

#include <algorithm>
#include <map>

#include "xlt/base/language.h"
#include "xlt/text/fasttext_classifier.h"

namespace xlt {

namespace {

class FastTextIdentifier : public LanguageIdentifier {
 public:
  explicit FastTextIdentifier(const std::filesystem::path& file) : classifier_(file) {
    for (const std::string& label : classifier_.labels()) {
      const std::string language = language_of_label(label);
      languages_.emplace(language_key(language), language);
    }
  }

  LanguageGuess identify(std::string_view line) const override {
    const auto guess = classifier_.best(line);
    if (!guess) return {"", 0.0};
    return {language_of_label(guess->label), guess->probability};
  }

  bool knows(std::string_view language) const override {
    const auto [begin, end] = languages_.equal_range(language_key(language));
    return std::any_of(begin, end, [&](const auto& known) { return is_language(known.second, language); });
  }

 private:
  FastTextClassifier classifier_;
  std::multimap<std::string, std::string> languages_;  // of its labels, by key
};

}  // namespace

std::string language_of_label(std::string_view label) {
  constexpr std::string_view kPrefix = "__label__";
  if (label.starts_with(kPrefix)) label.remove_prefix(kPrefix.size());
  return label == "als" ? "gsw" : canonical_language(label);
}

std::unique_ptr<LanguageIdentifier> load_language_identifier(const std::filesystem::path& file) {
  return std::make_unique<FastTextIdentifier>(file);
}

}  // namespace xlt
