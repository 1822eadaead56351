// SPDX-License-Identifier: Apache-2.0
// Pairs as TRL 0.8.6 tokenised them, which the paper's recipes used (protocol 1.3).
#pragma once

#include "train/tokenise.h"

namespace xlt {

// Each side keeps its own prompt tokens: they differ by at most the last one, where an answer's first letters
// merge into it.
TrainRow tokenise_pair_trl_0_8(const PreferenceRecord& record, const Tokenizer& tokenizer,
                               const TokeniseOptions& options);

}  // namespace xlt
