// SPDX-License-Identifier: Apache-2.0
// How alike a model finds the same sentences in two languages, layer by layer.
#pragma once

#include <string>

#include "xlt/base/context.h"
#include "xlt/findings/predictors.h"
#include "xlt/lm/sentence_encoder.h"

namespace xlt {

// Of every language but `source`: the mean over paired texts of the cosine between the means of hidden states
// over tokens (special ones included), a value a layer, 0 the embeddings. Pairs of which a side has no tokens
// are left out.
SentenceSimilarities sentence_similarities(SentenceEncoder& encoder, const ParallelTexts& texts,
                                           const std::string& source, const Context& context);

}  // namespace xlt
