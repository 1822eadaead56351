// SPDX-License-Identifier: Apache-2.0
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/own_default.h"
#include "train/retention.h"
#include "train/schedule.h"

#include <map>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/train/trainer.h"

namespace xlt {

namespace {

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const Schedule& schedule : schedules()) names.emplace_back(schedule.name);
  return names;
}

// "1e-06 for dpo, ipo; 2e-05 for sft"
std::string default_rates() {
  std::map<double, std::string> methods;
  for (const auto& entry : losses()) append_item(methods[entry.make()->default_learning_rate()], entry.name);
  std::string text;
  for (const auto& [rate, names] : methods) append_item(text, str_cat(rate, " for ", names), "; ");
  return text;
}

// "sft reads texts; dpo reads preference pairs"
std::string rows_by_method() {
  std::map<RowKind, std::string> methods;
  for (const auto& entry : losses()) append_item(methods[entry.make()->row_sets().front().kind], entry.name);
  std::string text;
  for (const auto& [kind, names] : methods) append_item(text, str_cat(names, ": ", name_of(kind)), "; ");
  return text;
}

// How many of something are held at a time. Far beyond any use; products of two of these fit.
OptionCheck up_to_a_million() {
  const auto fault = [](double value) {
    return value >= 1 && value <= 1e6 ? "" : str_cat("must be between 1 and 1000000, is ", value);
  };
  return {fault, {}, "1 … 1000000"};
}

[[noreturn]] void fail(const std::string& message) { throw Error(ErrorKind::kUsage, message); }

}  // namespace

void TrainerOptions::visit(OptionVisitor& v) {
  v.field(
      "method", method,
      ("what is minimised (a recipe says it by itself), and what rows it reads: " + rows_by_method()).c_str(),
      one_of(method_names()));
  v.field("max_steps", max_steps, "optimizer steps; 0: by num_epochs", at_least(0));
  v.field("num_epochs", num_epochs, "passes over the training rows, where max_steps is 0", more_than(0));
  v.field("batch_size", batch_size, "rows (of preference pairs: pairs) computed at a time",
          up_to_a_million());
  v.field("gradient_accumulation_steps", gradient_accumulation_steps, "batches an optimizer step is made of",
          up_to_a_million());
  v.field("drop_last_accumulation", drop_last_accumulation,
          "leave out the batches at the end of an epoch that do not fill a step, so that steps are counted "
          "downwards, as transformers 4 counts them; without this they make a shorter step, as in "
          "transformers 5 and TRL 1.16");
  v.field(
      "gradient_checkpointing", gradient_checkpointing,
      "keep of each layer only what it is given and compute it once more for its gradients: less memory, a "
      "third more time, the same results");
  v.field("learning_rate", learning_rate,
          str_cat("peak learning rate; 0 moves nothing; -1: the method's own, ", kAdapterRateFactor,
                  " times as much with an adapter as for all weights (", default_rates(), ")")
              .c_str(),
          zero_or_more_or_own());
  v.field("optimizer", optimizer, "as torch.optim defines it", one_of(names_of(optimizers())));
  v.field("lr_schedule", lr_schedule, "course of the learning rate; linear: to 0 at the last step",
          one_of(schedule_names()));
  v.field("weight_decay", weight_decay, "on matrices, not on norms and biases; 0: none", at_least(0));
  v.field("max_grad_norm", max_grad_norm, "gradients are scaled down to this norm; 0: never", at_least(0));
  v.field("warmup_steps", warmup_steps, "steps in which the learning rate rises from 0", at_least(0));
  v.field("max_length", max_length, "longer sequences lose their end, in tokens", at_least(2));
  v.field("long_texts", long_texts,
          "texts beyond max_length: cut: lose their end; split: go on in further rows, each with its own "
          "beginning-of-sequence token, as the published recipes for texts have it (sft)",
          one_of({"cut", "split"}));
  v.field(
      "attend_pads", attend_pads,
      "where the tokenizer pads on the left, fill texts up to max_length with pad tokens that are read as "
      "text, as the published code does (quirk T4)");
  v.field("max_prompt_length", max_prompt_length,
          "longer prompts lose their beginning, in tokens; 0: off (trl_0_8: 128)", at_least(0));
  v.field("no_shuffle", no_shuffle,
          "take rows in file order; methods that compare the rows of a batch always do");
  v.field("no_append_eos", no_append_eos, "do not end texts and answers with the end-of-sequence token");
  v.field("eval_split", eval_split, "fraction of the rows held out, drawn by split_seed; 0: none",
          between(0, 0.95));
  v.field("split_seed", split_seed, "seed of that draw; -1: the run's", at_least(-1));
  v.field("max_train_rows", max_train_rows,
          "train on so many rows at most, counted after tokenising and splitting; 0: all", at_least(0));
  v.field("max_eval_rows", max_eval_rows, "evaluate on so many rows at most; 0: all", at_least(0));
  v.field("max_rows_order", max_rows_order, "which rows those are: the first, or as many drawn by split_seed",
          one_of({"head", "random"}));
  v.field("eval_steps", eval_steps, "evaluate every so many steps; 0: at the end only", at_least(0));
  v.field("eval_on_start", eval_on_start,
          "evaluate before the first step too: what later evaluations are held against");
  v.field("skip_final_eval", skip_final_eval,
          "do not evaluate at the end where eval_steps does not fall on it, so that the last steps are never "
          "the best, as in the published runs");
  v.field("save_steps", save_steps,
          "write a checkpoint every so many steps; 0: at each new best, when stopped and at the end",
          at_least(0));
  v.field("early_stopping_patience", early_stopping_patience,
          "stop after so many evaluations in a row without a lower loss; 0: never", at_least(0));
  v.field("logging_steps", logging_steps, "steps averaged into one train row of metrics.jsonl", at_least(1));
  v.field("save_total_limit", save_total_limit, "newest checkpoints kept, besides the best", at_least(1));
  v.field("tensorboard", tensorboard, "also write the metrics as TensorBoard's event files: RUN/tensorboard");
  v.field("reference", reference,
          "where a method has a reference model: base: the model without adapter; init: a frozen copy of the "
          "initial adapter",
          one_of({"base", "init"}));
  v.field("retain_kind", retain_kind,
          "of the texts in --retain: kl: the policy's next-token distributions are held to the base model's "
          "(reference); nll: the texts are trained on",
          one_of(retain_kinds()));
  v.field("retain_weight", retain_weight,
          "how much the mean over the tokens of those texts counts beside the loss", at_least(0));
  v.field("pair_tokenization", pair_tokenization,
          "where the prompt and the answers of a pair meet; trl_0_8: as the paper's version of TRL",
          one_of({"trl_0_8", "trl_1"}));
}

void TrainerOptions::check_combination(bool has_eval_rows, bool looks_on) const {
  if (method.empty()) fail("method is missing; say what is minimised: " + rows_by_method());
  method_options.check(method);
  if (has_eval_rows && eval_split > 0)
    fail("eval_data and eval_split both say what to evaluate on; give one of them");
  if (!has_eval_rows && eval_split <= 0 && ((eval_steps > 0 && !looks_on) || early_stopping_patience > 0))
    fail(
        "eval_steps and early_stopping_patience need rows to evaluate on; give eval_split, a fraction such "
        "as 0.05, or eval_data, a file");
  if (eval_on_start && !has_eval_rows && eval_split <= 0 && !looks_on)
    fail("eval_on_start needs something to look at: give eval_split, eval_data, monitor or probe_prompts");
  if (early_stopping_patience > 0 && eval_steps == 0)
    fail("early_stopping_patience counts evaluations; give eval_steps too");
  if (long_texts == "split" && method_row_kind(method) != RowKind::kText)
    fail(str_cat("long_texts split is for texts; ", method, " reads ", name_of(method_row_kind(method)),
                 ", which cannot go on in another row: leave it at cut"));
  if (attend_pads && method_row_kind(method) != RowKind::kText)
    fail(str_cat("attend_pads is for texts; ", method, " reads ", name_of(method_row_kind(method))));
  if (skip_final_eval && eval_steps == 0)
    fail("skip_final_eval leaves no evaluation at all without eval_steps; give eval_steps");
  if (long_texts == "split" && max_prompt_length > 0)
    fail("max_prompt_length cuts what long_texts split would carry on; leave one of them out");
  constexpr int64_t kTrlPromptTokens = 128;
  if (pair_tokenization == "trl_0_8" && max_prompt_length == 0 && max_length <= kTrlPromptTokens)
    fail(str_cat("trl_0_8 keeps up to ", kTrlPromptTokens,
                 " tokens of a prompt, which leaves no room for an answer within max_length ", max_length,
                 "; give max_prompt_length"));
  const auto loss = find_entry(losses(), "method", method).make();
  if (loss->row_sets().front().uses_mismatched && batch_size < 2)
    fail(str_cat(method, " compares a batch's rows with one another; give a batch_size of 2 or more"));
  if (max_prompt_length >= max_length)
    fail(str_cat("max_prompt_length ", max_prompt_length, " leaves no room for an answer within max_length ",
                 max_length));
}

}  // namespace xlt
