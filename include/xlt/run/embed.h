// SPDX-License-Identifier: Apache-2.0
// `xlt embed`: rows of texts in, rows of vectors out, in the same order.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/lm/sentence_encoder.h"
#include "xlt/run/inference.h"

namespace xlt {

struct EmbedOptions {
  std::string input, output, input_format = "auto";
  std::string layers = "all", pooling = "mean";
  bool normalize = false;
  void visit(OptionVisitor& v);
};
// Layers asked of a model that has `num_layers`, ascending, each once: "all", "last" or "0,12,24". Throws
// kUsage.
std::vector<int64_t> parse_layers(const std::string& text, int64_t num_layers);

// Makes the model once the rows have been read and checked.
using SentenceEncoderMaker = std::function<std::unique_ptr<SentenceEncoder>()>;
// Rows {"text"} → {"embeddings": {layer: […]}}; a row's "id" is carried over. A text without tokens has
// {"embeddings": null, "reason"}. `tally.tokens` is 0.
FileTally embed_file(const EmbedOptions& options, const SentenceEncoderMaker& make_encoder,
                     const Context& context);

}  // namespace xlt
