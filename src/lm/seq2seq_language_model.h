// SPDX-License-Identifier: Apache-2.0
// An encoder-decoder where a language model is asked for: it answers the one verb that it can.
#pragma once

#include <memory>

#include "xlt/lm/language_model.h"

namespace xlt {

// log_likelihood is that of the continuation, its </s> included, given the context as source; every other
// verb throws kUnsupported.
std::unique_ptr<LanguageModel> load_seq2seq_language_model(const LanguageModelOptions& options,
                                                           const Placement& where, const Context& context);

}  // namespace xlt
