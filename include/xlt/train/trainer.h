// SPDX-License-Identifier: Apache-2.0
// Finetuning on records: SFT and preference losses, LoRA or all weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/dataset/record.h"

namespace xlt {

class Decoder;
class Tokenizer;

// Flags of `xlt train`, with the field's names and TRL 1.16's defaults (CONTRACT.md).
struct TrainerOptions {
  std::string method = "sft";  // a row of losses.def
  int64_t max_steps = 0;       // 0: by num_epochs
  double num_epochs = 1;
  int64_t batch_size = 4, gradient_accumulation_steps = 1;
  bool drop_last_accumulation = false;  // leave out the batches of an epoch that do not fill a step
  double learning_rate = -1;            // -1: the method's default, TRL's (sft 2e-5, dpo 1e-6)
  std::string optimizer = "adamw", lr_schedule = "linear";
  double weight_decay = 0, max_grad_norm = 1.0;  // max_grad_norm 0: no clipping
  int64_t warmup_steps = 0, max_length = 1024, max_prompt_length = 0;
  std::string long_texts = "cut";  // cut | split
  double beta = 0.1, label_smoothing = 0;
  bool no_shuffle = false, no_append_eos = false;
  double eval_split = 0;  // fraction held out by seed
  int64_t eval_steps = 0, save_steps = 0, early_stopping_patience = 0, logging_steps = 1;
  int64_t save_total_limit = 2;             // newest checkpoints kept, besides the best
  std::string reference = "base";           // base | init
  std::string pair_tokenization = "trl_1";  // trl_1 | trl_0_8
  void visit(OptionVisitor& v);
  // Throws kUsage for options that do not go together.
  void check_combination() const;
};

struct TrainResult {
  int64_t steps = 0;
  double final_loss = 0;      // train loss of the last step
  double best_eval_loss = 0;  // NaN without evaluation
  int64_t best_step = 0;
  int64_t num_tokens = 0;  // of the data, every sequence with its prompt, as TRL counts
  double seconds = 0;
  bool interrupted = false;
};

// What the trainer works on. The decoder already carries its adapter (or requires grad everywhere).
struct TrainJob {
  Decoder* decoder = nullptr;
  const Tokenizer* tokenizer = nullptr;
  std::vector<SftRecord> sft;                // for losses over texts
  std::vector<PreferenceRecord> preference;  // for losses over pairs
  uint64_t seed = 0;
  std::filesystem::path output;  // RUN: metrics.jsonl, checkpoints/step-N/
  std::string base_model;        // for adapter_config.json
  bool resume = false;
  bool adapter_only = true;  // save LoRA (adapter/) or the whole model (model/)
};

// Layout of RUN: metrics.jsonl; reference/<hash>.safetensors (log-probs of the reference model, where they
// are needed more than once); checkpoints/step-N/ with the adapter (PEFT) or model.safetensors,
// optimizer.safetensors and state.json. A checkpoint is written at each new best, every `save_steps`, when
// interrupted and at the end.
//
// Runs to the end, to early stopping or to an interruption (state saved under checkpoints/, `interrupted`
// set). On return the decoder holds the best weights by eval loss (the last without evaluation). Same bytes
// whether or not it was stopped and resumed.
TrainResult train(const TrainJob& job, const TrainerOptions& options, const Context& context);
std::vector<std::string> method_names();
// Whether a method reads preference pairs rather than texts.
bool method_uses_pairs(const std::string& method);

}  // namespace xlt
