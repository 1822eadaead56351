// SPDX-License-Identifier: Apache-2.0
// What transformers makes of `tokenizer_class`.
#pragma once

#include "text/tokenizer_file.h"
#include "text/tokenizer_settings.h"

namespace xlt {

// transformers 5 takes only tokens, merges and template from a LlamaTokenizer's tokenizer.json and sets up
// the rest anew: a space is put before the text unless it begins with one. Does the same to `file`; others
// stay as they are.
void apply_tokenizer_class(TokenizerFile& file, const TokenizerSettings& settings);
// That rest: pre-tokenizer, decoder and the model's options. `prefix_scheme`: first, always or never.
void set_up_sentence_piece_bpe(Json& tokenizer, const std::string& prefix_scheme);
// When transformers 5 puts a space before the text, from add_prefix_space and legacy.
std::string prefix_scheme_of(const TokenizerSettings& settings);

}  // namespace xlt
