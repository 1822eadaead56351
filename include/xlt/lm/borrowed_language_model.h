// SPDX-License-Identifier: Apache-2.0
// A language model on a decoder that somebody else holds and may go on training: it answers with the weights
// as they are when it is asked.
#pragma once

#include <filesystem>
#include <memory>

#include "xlt/base/context.h"
#include "xlt/lm/language_model.h"

namespace xlt {

class Decoder;
class Tokenizer;

// Borrows both. `model`: the checkpoint that names further tokens at which generation ends; empty: none.
std::unique_ptr<LanguageModel> borrow_language_model(Decoder& decoder, const Tokenizer& tokenizer,
                                                     const std::filesystem::path& model,
                                                     const Context& context);

}  // namespace xlt
