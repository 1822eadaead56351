// SPDX-License-Identifier: Apache-2.0
// A supervised fastText model (Joulin et al. 2017): one line of text → probabilities of labels.
//
//   const FastTextClassifier classifier("lid.176.ftz");
//   classifier.best("le chat");                          // {"__label__fr", 0.98}
//
// Thread-safe after construction.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

class FastTextClassifier {
 public:
  struct Guess {
    std::string label;   // as the file has it, with "__label__"
    double probability;  // 0 … 1; under one-versus-all loss they do not add up to 1
  };

  // Throws kCheckpoint if the file is not such a model or its parts do not agree, kIo if it cannot be read.
  explicit FastTextClassifier(const std::filesystem::path& file);
  ~FastTextClassifier();
  FastTextClassifier(FastTextClassifier&&) noexcept;

  const std::vector<std::string>& labels() const { return labels_; }
  // The most probable label of `text` as one line (a line break is read as a space); nothing where the model
  // finds nothing in it that it could judge by, and where its answer is not a number.
  std::optional<Guess> best(std::string_view text) const;
  // Of one of `labels`; nothing as above.
  std::optional<double> probability(std::string_view text, std::string_view label) const;

 private:
  struct Model;
  std::vector<Guess> predict(std::string_view text, int num_labels) const;

  std::unique_ptr<Model> model_;
  std::vector<std::string> labels_;
};

}  // namespace xlt
