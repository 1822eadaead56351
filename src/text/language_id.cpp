// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/language_id.h"

#include "text/fasttext_file.h"

#include <algorithm>
#include <sstream>

#include <fasttext/fasttext.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

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
  }

  LanguageGuess identify(std::string_view line) const override {
    std::string text(line);
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::istringstream stream(text + "\n");  // the end of the line is a word to the model
    std::vector<std::pair<fasttext::real, std::string>> guesses;
    if (!model_.predictLine(stream, guesses, 1, 0.0f) || guesses.empty()) return {"", 0.0};
    constexpr std::string_view prefix = "__label__";
    std::string label = guesses[0].second;
    if (label.starts_with(prefix)) label.erase(0, prefix.size());
    // fastText adds 1e-5 before it takes the logarithm, so a certain guess comes out a little above 1.
    return {label, std::min(1.0, static_cast<double>(guesses[0].first))};
  }

 private:
  fasttext::FastText model_;
};

}  // namespace

std::unique_ptr<LanguageIdentifier> load_language_identifier(const std::filesystem::path& file) {
  return std::make_unique<FastTextIdentifier>(file);
}

}  // namespace xlt
