// SPDX-License-Identifier: Apache-2.0
// Names of other tools lead to ours, in the spelling of whoever asks.
#include "xlt/base/option_hint.h"

#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>

namespace xlt {
namespace {

const std::vector<std::string> kOfTraining = {"learning_rate", "num_epochs", "batch_size", "warmup_steps",
                                              "dtype"};
const std::vector<std::string> kFlagsOfEval = {"--benchmarks", "--batch-tokens", "--limit", "--dtype"};

TEST(OptionHint, TranslatesNamesOfOtherTools) {
  EXPECT_EQ(option_hint("lr", kOfTraining), "did you mean \"learning_rate\"?");
  EXPECT_EQ(option_hint("epochs", kOfTraining), "did you mean \"num_epochs\"?");
  EXPECT_EQ(option_hint("per_device_train_batch_size", kOfTraining), "did you mean \"batch_size\"?");
  EXPECT_EQ(option_hint("--tasks", kFlagsOfEval), "did you mean \"--benchmarks\"?");
  EXPECT_EQ(option_hint("--Max-Samples", kFlagsOfEval), "did you mean \"--limit\"?");
}

TEST(OptionHint, SaysWhatIsDifferentAndWhyThereIsNone) {
  EXPECT_EQ(option_hint("--bf16", kFlagsOfEval), "did you mean \"--dtype\" (its value is bfloat16)?");
  EXPECT_EQ(option_hint("warmup-ratio", kOfTraining),
            "did you mean \"warmup_steps\" (it counts steps, not a share of them)?");
  EXPECT_EQ(option_hint("lora_target_modules", kOfTraining),
            "there is none here: every linear layer but the head gets an adapter.");
}

TEST(OptionHint, OfANameOfSeveralMeaningsTakesWhatTheCommandHas) {
  EXPECT_EQ(option_hint("per_device_eval_batch_size", kOfTraining),
            "did you mean \"batch_size\" (it counts for evaluations too)?");
  EXPECT_EQ(option_hint("per_device_eval_batch_size", kFlagsOfEval),
            "did you mean \"--batch-tokens\" (it counts tokens; 0 chooses)?");
}

TEST(OptionHint, WithoutATranslationIsTheNearestNameOrNothing) {
  EXPECT_EQ(option_hint("learning_rat", kOfTraining), "did you mean \"learning_rate\"?");
  EXPECT_EQ(option_hint("lr", kFlagsOfEval), "");
  EXPECT_EQ(option_hint("", kOfTraining), "");
  EXPECT_EQ(option_hint("---", kOfTraining), "");
}

TEST(OptionHint, StandsInTheMessageBeforeWhatThereIs) {
  EXPECT_EQ(unknown_option_message("lr", {"learning_rate", "beta"}),
            "unknown option \"lr\"; did you mean \"learning_rate\"? available: learning_rate, beta");
  EXPECT_EQ(unknown_option_message("nonsense", {"beta"}), "unknown option \"nonsense\"; available: beta");
}

TEST(ForeignOptions, AreSorted) {
  const std::string names[] = {
#define X(name, ours, note) #name,
#include "base/foreign_options.def"
#undef X
  };
  EXPECT_TRUE(std::is_sorted(std::begin(names), std::end(names)));
}

}  // namespace
}  // namespace xlt
