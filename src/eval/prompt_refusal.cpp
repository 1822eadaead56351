// SPDX-License-Identifier: Apache-2.0
#include "eval/prompt_refusal.h"

namespace xlt {

Unscored refusal_of(const std::vector<Completion>& completions) {
  for (const Completion& completion : completions) {
    if (completion.finish_reason == FinishReason::kTooLong) return {Reason::kTooLong};
    if (completion.finish_reason == FinishReason::kNoPrompt) return {Reason::kEmptyPrompt};
  }
  return {};
}

}  // namespace xlt
