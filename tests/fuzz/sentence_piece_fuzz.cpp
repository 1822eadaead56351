// SPDX-License-Identifier: Apache-2.0
// SentencePiece's tokenizer.model.
#include "fuzz/fuzzing.h"

#include "xlt/text/tokenizer.h"

XLT_FUZZ {
  xlt::fuzzing::write("tokenizer.model", input);
  const auto tokenizer = xlt::load_tokenizer(xlt::fuzzing::folder());
  tokenizer->decode(tokenizer->encode("Hello, wörld 123 你好", xlt::SpecialTokens::kAdd));
}
