// SPDX-License-Identifier: Apache-2.0
// Requests and results between ranks, as JSON's binary form (CBOR), which keeps every double and byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "xlt/lm/language_model.h"
#include "xlt/lm/seq2seq.h"

namespace xlt {

using Message = nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GenerateRequest, prompt, id, place, is_rendered)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GenerationOptions, num_samples, max_new_tokens, temperature, top_p, top_k,
                                   greedy, ignore_eos, seed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Completion, text, token_ids, finish_reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LogLikelihoodRequest, context, continuation, long_context, is_rendered)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LogLikelihood, log_likelihood, num_tokens, token_log_likelihoods,
                                   num_bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Divergence, kl, num_positions, num_agreeing)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Seq2SeqRequest, source, target)

inline std::string pack_message(const Message& message) {
  std::string bytes;
  Message::to_cbor(message, bytes);
  return bytes;
}
inline Message unpack_message(const std::string& bytes) { return Message::from_cbor(bytes); }

}  // namespace xlt
