// SPDX-License-Identifier: Apache-2.0
// SentencePiece's BPE keeps no merges: a score for each token instead, by which they are found again.
#pragma once

#include "text/tokenizer_file.h"

#include <vector>

namespace xlt {

// Fills file.merges from file.tokens: every way to put a token together from two others, those of the highest
// score first, among equals longer left parts first (as transformers does, so that ids agree). Throws
// kCheckpoint where there is not one finite score a token, and for a token of more than 512 bytes.
void add_merges_by_score(TokenizerFile& file, const std::vector<double>& scores);

}  // namespace xlt
