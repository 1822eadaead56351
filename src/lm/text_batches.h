// SPDX-License-Identifier: Apache-2.0
// Texts that are looked at whole: encoded, cut to a model's length, packed one beside the other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/nn/token_batch.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

// Tokens of each text with the tokenizer's special ones. Where they are more than `max_length`, the text
// loses its end, not the special tokens after it, as transformers' truncation does; said once.
std::vector<std::vector<int64_t>> encode_within(const Tokenizer& tokenizer,
                                                std::span<const std::string> texts, int64_t max_length,
                                                const Context& context);

// Indices of the sequences that have tokens, in order, in runs of at most `batch_tokens` tokens together; a
// longer sequence is a run by itself.
std::vector<std::vector<int64_t>> plan_runs(std::span<const std::vector<int64_t>> sequences,
                                            int64_t batch_tokens);
// Every sequence of a run as a tree of its own, in the run's order.
TokenBatch pack_apart(std::span<const std::vector<int64_t>> sequences, std::span<const int64_t> run);

// `asked`, or where it is 0, what suits the device.
int64_t batch_tokens_or_default(int64_t asked, const Placement& where);

// Throws kCheckpoint where there is a NaN or an infinity among what a model gave.
void check_finite(std::span<const double> values, const std::string& model);

}  // namespace xlt
