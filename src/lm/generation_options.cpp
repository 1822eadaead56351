// SPDX-License-Identifier: Apache-2.0
#include "xlt/lm/language_model.h"

namespace xlt {

void GenerationOptions::visit(OptionVisitor& v) {
  v.field("num_samples", num_samples, "completions a prompt; greedy search gives one", between(1, 100'000));
  v.field("max_new_tokens", max_new_tokens, "longest completion, in tokens", between(1, 10'000'000));
  v.field("temperature", temperature, "divides the logits; 1: the model's own distribution",
          with_advice(between(1e-4, 1e4), 0, "greedy decoding is --greedy"));
  v.field("top_p", top_p, "keep the most probable tokens that together reach this probability; 1: all",
          between(0, 1));
  v.field("top_k", top_k, "keep the k most probable tokens; 0: all", at_least(0));
  v.field("greedy", greedy, "take the most probable token at every step");
  v.field("ignore_eos", ignore_eos, "generate max_new_tokens even past the end-of-text token");
}

const char* name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEos:
      return "eos";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kTooLong:
      return "too_long";
    case FinishReason::kNoPrompt:
      return "no_prompt";
  }
  return "length";
}

}  // namespace xlt
