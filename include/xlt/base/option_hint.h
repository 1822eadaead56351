// SPDX-License-Identifier: Apache-2.0
// What may have been meant by an option that there is not: the nearest name, or what a name that users of
// transformers, TRL, PEFT and lm-evaluation-harness type is called here (base/foreign_options.def).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xlt {

// A sentence: `did you mean "num_epochs"?` for "epochs" and "--epochs", with the name as `known` spells it;
// or why there is no such option; empty: nothing is near.
std::string option_hint(std::string_view name, const std::vector<std::string>& known);
// `unknown option "lr"; did you mean "learning_rate"? available: …`
std::string unknown_option_message(std::string_view name, const std::vector<std::string>& known);

}  // namespace xlt
