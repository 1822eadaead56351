// SPDX-License-Identifier: Apache-2.0
// How alike a model finds the same sentences in two languages, layer by layer.
#pragma once

#include <string>

#include "xlt/base/context.h"
#include "xlt/findings/predictors.h"
#include "xlt/lm/sentence_encoder.h"

namespace xlt {

// Of every language but `source`, a value a layer, 0 the embeddings, of the means of hidden states over
// tokens (special ones included): the mean cosine of paired texts, and the share of the language's texts to
// which no text of the source is nearer, by cosine, than their own. Retrieval looks among the first
// kMaxRetrieved pairs. Pairs of which a side has no tokens are left out.
inline constexpr size_t kMaxRetrieved = 1000;
SentenceSimilarities sentence_similarities(SentenceEncoder& encoder, const ParallelTexts& texts,
                                           const std::string& source, const Context& context);

}  // namespace xlt
