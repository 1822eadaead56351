// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/language_id.h"

#include "text/fasttext_file.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <fasttext/fasttext.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

class FastTextIdentifier : public LanguageIdentifier {
 public:
  explicit FastTextIdentifier(const std::filesystem::path& file) {
    if (const std::string fault = fault_of_fasttext_file(MappedFile(file).bytes()); !fault.empty())
      throw Error(ErrorKind::kCheckpoint, fault, file.string());
    try {
      model_.loadModel(file.string());
    } catch (const std::exception& error) {
      throw Error(ErrorKind::kCheckpoint, str_cat("fastText cannot read it: ", error.what()), file.string());
    }
    const auto dictionary = model_.getDictionary();
    for (int32_t i = 0; i < dictionary->nlabels(); ++i) {
      const std::string language = language_of_label(dictionary->getLabel(i));
      languages_.emplace(language_key(language), language);
    }
  }

  LanguageGuess identify(std::string_view line) const override {
    std::string text(line);
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::istringstream stream(text + "\n");  // the end of the line is a word to the model
    std::vector<std::pair<fasttext::real, std::string>> guesses;
    if (!model_.predictLine(stream, guesses, 1, 0.0f) || guesses.empty()) return {"", 0.0};
    // fastText adds 1e-5 before it takes the logarithm, so a certain guess comes out a little above 1.
    return {language_of_label(guesses[0].second), std::min(1.0, static_cast<double>(guesses[0].first))};
  }

  bool knows(std::string_view language) const override {
    const auto [begin, end] = languages_.equal_range(language_key(language));
    return std::any_of(begin, end, [&](const auto& known) { return is_language(known.second, language); });
  }

 private:
  fasttext::FastText model_;
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
