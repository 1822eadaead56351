// SPDX-License-Identifier: Apache-2.0
// A probe: a logistic head on the mean hidden states of one layer of a decoder or encoder, which makes of any
// model a classifier of texts. No tensor above this header.
//
//   const SavedProbe probe = load_probe("probes/toxicity");
//   auto classifier = make_probe_classifier(probe.head, load_sentence_encoder({.model = "models/gemma"}, …));
//   double p = classifier->classify(texts)[0][0];
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/lm/sentence_encoder.h"
#include "xlt/lm/text_classifier.h"

namespace xlt {

struct ProbeHead {
  int64_t layer = 0;            // as SentenceEncoder counts them
  std::vector<double> weights;  // [hidden_size], of the states as they come
  double intercept = 0;
  double temperature = 1;  // the logit is divided by it
  // (weights · mean + intercept) / temperature; `mean` as long as `weights`
  double logit(std::span<const float> mean) const;
  double probability(std::span<const float> mean) const;  // sigmoid(logit)
};

inline constexpr const char* kProbeRecord = "probe.json";

// By which probe.json remembers a text that the head was fitted to: the beginning of its hash. All of them
// stand in one string, sorted, each of kTextMark characters.
inline constexpr size_t kTextMark = 12;
std::string text_mark(const std::string& text);
// The marks in such a record; of one from before there were any, none.
std::set<std::string> training_texts_of(const Json& record);

// Writes `folder`/probe.safetensors (weight [hidden_size] and bias [1], float64) and then probe.json:
// version, layer, hidden_size, calibration, the hash of the weights' file, and `record`. Makes the folder.
// Throws kIo.
void save_probe(const std::filesystem::path& folder, const ProbeHead& head, Json record);

// What a folder holds.
struct SavedProbe {
  ProbeHead head;
  std::shared_ptr<const Json> record;  // probe.json
};
// Throws kIo, and kCheckpoint for what save_probe would not have written, or another pooling than the mean:
// the place is named.
SavedProbe load_probe(const std::filesystem::path& folder);

// One label, "positive", of which `is_multi_label`. Throws kCheckpoint where the model has not the head's
// layer or width.
std::unique_ptr<TextClassifier> make_probe_classifier(ProbeHead head,
                                                      std::unique_ptr<SentenceEncoder> encoder);

}  // namespace xlt
