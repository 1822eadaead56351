// SPDX-License-Identifier: Apache-2.0
// A sequence classifier behind the wall: texts in, a probability for each label out. No tensor above this
// header.
//
//   auto classifier = load_text_classifier({.model = "models/xlmr-toxicity"}, placement, context);
//   auto probabilities = classifier->classify(texts);   // [text][label], named by info().labels
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"

namespace xlt {

struct TextClassifierInfo {
  std::string model, model_type, dtype;
  std::vector<std::string> labels;  // config.json's id2label, in order of their numbers
  // Each label is true or not whatever the others are (sigmoid); else exactly one is (softmax).
  bool is_multi_label = false;
  int64_t max_length = 0;  // tokens, special ones included
};

// One thread.
class TextClassifier {
 public:
  virtual ~TextClassifier() = default;
  // A probability for each label; on a CPU the same bits whatever stands beside a text. A text beyond
  // max_length is cut at its end, and said so; empty for a text without tokens. Throws kCheckpoint where the
  // weights give no numbers.
  virtual std::vector<std::vector<double>> classify(std::span<const std::string> texts) = 0;
  virtual const TextClassifierInfo& info() const = 0;
};

struct TextClassifierOptions {
  std::filesystem::path model;
  int64_t batch_tokens =
      0;  // most tokens in one forward pass, but for a longer text; 0: chosen for the device
};
// An encoder with a sequence-classification head. Throws kCheckpoint, also where its config says that it
// gives no probabilities (regression).
std::unique_ptr<TextClassifier> load_text_classifier(const TextClassifierOptions& options,
                                                     const Placement& where, const Context& context);

}  // namespace xlt
