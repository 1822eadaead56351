// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/fasttext_classifier.h"

#include "text/fasttext_file.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fasttext/densematrix.h>
#include <fasttext/fasttext.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

struct FastTextClassifier::Model {
  fasttext::FastText library;
};

FastTextClassifier::FastTextClassifier(const std::filesystem::path& file)
    : model_(std::make_unique<Model>()) {
  if (const std::string fault = fault_of_fasttext_file(MappedFile(file).bytes()); !fault.empty())
    throw Error(ErrorKind::kCheckpoint, fault, file.string());
  try {
    model_->library.loadModel(file.string());
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kCheckpoint, str_cat("fastText cannot read it: ", error.what()), file.string());
  }
  const auto dictionary = model_->library.getDictionary();
  for (int32_t i = 0; i < dictionary->nlabels(); ++i) labels_.push_back(dictionary->getLabel(i));
}

FastTextClassifier::~FastTextClassifier() = default;
FastTextClassifier::FastTextClassifier(FastTextClassifier&&) noexcept = default;

std::vector<FastTextClassifier::Guess> FastTextClassifier::predict(std::string_view text,
                                                                   int num_labels) const {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  std::istringstream stream(line + "\n");  // the end of the line is a word to the model
  std::vector<std::pair<fasttext::real, std::string>> found;
  std::vector<Guess> guesses;
  try {
    if (!model_->library.predictLine(stream, found, num_labels, 0.0f)) return guesses;
  } catch (const fasttext::DenseMatrix::EncounteredNaNError&) {  // weights that are none, or overflow
    return guesses;
  }
  // fastText adds 1e-5 before it takes the logarithm, so a certain guess comes out a little above 1.
  for (auto& [probability, label] : found)
    guesses.push_back({std::move(label), std::isnan(probability)
                                             ? static_cast<double>(NAN)
                                             : std::min(1.0, static_cast<double>(probability))});
  return guesses;
}

std::optional<FastTextClassifier::Guess> FastTextClassifier::best(std::string_view text) const {
  auto guesses = predict(text, 1);
  if (guesses.empty()) return std::nullopt;
  return std::move(guesses[0]);
}

std::optional<double> FastTextClassifier::probability(std::string_view text, std::string_view label) const {
  for (const Guess& guess : predict(text, static_cast<int>(labels_.size())))
    if (guess.label == label && std::isfinite(guess.probability)) return guess.probability;
  return std::nullopt;
}

}  // namespace xlt
