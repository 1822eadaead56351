// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/language_id.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fasttext/fasttext.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr int32_t kFastTextMagic = 793712314;

class FastTextIdentifier : public LanguageIdentifier {
 public:
  explicit FastTextIdentifier(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw Error(ErrorKind::kIo, "cannot open", file.string());
    int32_t magic = 0;
    stream.read(reinterpret_cast<char*>(&magic), sizeof magic);
    if (magic != kFastTextMagic)
      throw Error(ErrorKind::kCheckpoint, "not a fastText model; expected a file such as lid.176.ftz",
                  file.string());
    try {
      model_.loadModel(file.string());
    } catch (const std::exception& error) {
      throw Error(ErrorKind::kCheckpoint, str_cat("fastText cannot read it: ", error.what()), file.string());
    }
  }

  LanguageGuess identify(std::string_view line) const override {
    std::string text(line);
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::istringstream stream(text + "\n");
    std::vector<std::pair<fasttext::real, std::string>> guesses;
    if (!model_.predictLine(stream, guesses, 1, 0.0f) || guesses.empty()) return {"", 0.0};
    constexpr std::string_view prefix = "__label__";
    std::string label = guesses[0].second;
    if (label.starts_with(prefix)) label.erase(0, prefix.size());
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
