// SPDX-License-Identifier: Apache-2.0
// Finetuning on records: SFT and preference losses, LoRA or all weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/json_fwd.h"
#include "xlt/dataset/record.h"
#include "xlt/train/method_options.h"

namespace xlt {

class Decoder;
class Tokenizer;
class World;

// Flags of `xlt train`, with the field's names and TRL 1.16's defaults (CONTRACT.md).
struct TrainerOptions {
  std::string method = "sft";  // a row of losses.def
  int64_t max_steps = 0;       // 0: by num_epochs
  double num_epochs = 1;
  int64_t batch_size = 4, gradient_accumulation_steps = 1;
  bool drop_last_accumulation = false;  // leave out the batches of an epoch that do not fill a step
  double learning_rate =
      -1;  // -1: the method's own, TRL's (sft 2e-5, dpo 1e-6); of an adapter 10 times as much
  std::string optimizer = "adamw", lr_schedule = "linear";
  bool gradient_checkpointing = false;
  double weight_decay = 0, max_grad_norm = 1.0;  // max_grad_norm 0: no clipping
  int64_t warmup_steps = 0, max_length = 1024, max_prompt_length = 0;
  std::string long_texts = "cut";  // cut | split
  bool attend_pads = false;        // rows of texts are filled with TrainJob::left_pad (quirk T4)
  bool no_shuffle = false, no_append_eos = false;
  double eval_split = 0;                          // fraction held out by split_seed
  int64_t split_seed = -1;                        // -1: the run's seed
  int64_t max_train_rows = 0, max_eval_rows = 0;  // 0: all
  std::string max_rows_order = "head";            // head | random: which rows those are
  int64_t eval_steps = 0, save_steps = 0, early_stopping_patience = 0, logging_steps = 1;
  bool eval_on_start = false;      // before the first step too, which is never the best
  bool skip_final_eval = false;    // evaluate at multiples of eval_steps alone
  bool tensorboard = false;        // RUN/tensorboard/, event files beside metrics.jsonl
  int64_t save_total_limit = 2;    // newest checkpoints kept, besides the best
  std::string reference = "base";  // base | init
  std::string retain_kind = "kl";  // kl | nll, of TrainJob::further_records[kRetainSet], where there are any
  double retain_weight = 1;
  std::string pair_tokenization = "trl_1";  // trl_1 | trl_0_8
  MethodOptions method_options;
  void visit(OptionVisitor& v);  // all but method_options
  // Throws kUsage for options that do not go together. `has_eval_rows`: rows to evaluate on are given apart.
  // `looks_on`: evaluations also do something else, monitor or probe.
  void check_combination(bool has_eval_rows = false, bool looks_on = false) const;
};

// Rows whose log-probs under the reference this process worked out, and rows that were found stored.
struct ReferenceCounts {
  int64_t computed = 0, reused = 0;
};

struct TrainResult {
  int64_t steps = 0;
  double final_loss = 0;      // train loss of the last step
  double best_eval_loss = 0;  // NaN without evaluation
  int64_t best_step = 0;
  int64_t num_tokens = 0;  // of the data, every sequence with its prompt, as TRL counts
  double seconds = 0;
  bool interrupted = false;
  std::optional<ReferenceCounts> reference;  // of methods that have a reference
};

// The set of texts that hold the policy to what it was, of any method.
inline constexpr const char* kRetainSet = "retain";

// What the trainer works on. The decoder already carries its adapter (or requires grad everywhere).
struct TrainJob {
  Decoder* decoder = nullptr;
  const Tokenizer* tokenizer = nullptr;
  Records records;       // of the kind that the method reads (method_row_kind)
  Records eval_records;  // to evaluate on, of the same kind; empty: as eval_split says
  // Of further sets that a method draws on, by their names; texts under kRetainSet go with every method.
  std::map<std::string, Records> further_records;
  uint64_t seed = 0;
  std::filesystem::path output;  // RUN: metrics.jsonl, checkpoints/step-N/
  std::string base_model;        // for adapter_config.json
  bool resume = false;
  bool adapter_only = true;  // save LoRA (adapter/) or the whole model (model/)
  // Where log-probs of the reference model are kept, by row, for this run and others; empty: RUN/reference.
  std::filesystem::path reference_cache;
  // The ranks that train together, each with a decoder of the same weights; null: this process alone. A step
  // is made of gradient_accumulation_steps micro-batches of every rank; rank 0 writes.
  World* world = nullptr;
  // Texts by language (a BCP-47 tag, say), on which every evaluation measures what became of the policy:
  // bits_per_byte and kl_to_base in the eval rows of metrics.jsonl (train/monitor.h).
  std::map<std::string, std::vector<std::string>> monitored;
  // Adds to the eval row of a step, with the decoder as it is then; rank 0 alone calls it. May be empty.
  std::function<void(int64_t step, Json& row)> probe;
  // The pad token of a tokenizer that pads on the left; nothing: it pads on the right.
  std::optional<int64_t> left_pad;
  // What tells the reference model from others besides weights, dtype and device: a hash of its config, say.
  std::string reference_model;
  // fingerprint_of_weights(*decoder), where a method has a reference and they have not changed since; empty:
  // found when it is asked for.
  std::string weights_fingerprint;
};

// The contents of the decoder's own weights, without its adapter, as hexadecimal digits. In the time that it
// takes to read them. Throws kInterrupted.
std::string fingerprint_of_weights(Decoder& decoder, const Context& context = {});

// Layout of RUN: metrics.jsonl; reference/ (unless reference_cache is elsewhere); checkpoints/step-N/ with
// the adapter (PEFT) or model.safetensors, optimizer.safetensors and state.json. A checkpoint is written at
// each new best, every `save_steps`, when interrupted and at the end.
//
// Runs to the end, to early stopping or to an interruption (state saved under checkpoints/, `interrupted`
// set). On return the decoder holds the best weights by eval loss (the last without evaluation). Same bytes
// whether or not it was stopped and resumed.
TrainResult train(const TrainJob& job, const TrainerOptions& options, const Context& context);
std::vector<std::string> method_names();
// What a method reads. Throws kUsage for an unknown one.
RowKind method_row_kind(const std::string& method);
// Whether the method, by its options as they are, needs log-probs of its rows under a reference model
// (reference_free does without). Throws kUsage for an unknown one.
bool method_uses_reference(const TrainerOptions& options);
// Whether a step of as many rows gives the same whatever batches and ranks it is cut into.
bool may_cut_steps_anew(const TrainerOptions& options);

}  // namespace xlt
