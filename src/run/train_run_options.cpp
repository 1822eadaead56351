// SPDX-License-Identifier: Apache-2.0
#include "run/train_run_options.h"

#include "run/conversations.h"
#include "run/watch.h"

#include <unistd.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/run/quantize_option.h"
#include "xlt/run/recipe.h"

namespace xlt {

bool from_scratch(const TrainRunOptions& options) { return !options.model_config.empty(); }

bool trains_adapter(const TrainRunOptions& options) {
  const std::string& kind = options.adapter.adapter;
  return kind == "lora" || kind == "qlora" || (kind == "auto" && !from_scratch(options));
}

std::string quantization_of(const TrainRunOptions& options) {
  return options.adapter.adapter == "qlora" ? "nf4" : options.adapter.quantize;
}

std::string tokenizer_folder(const TrainRunOptions& options) {
  return options.tokenizer.empty() ? options.model : options.tokenizer;
}

namespace {

bool looks_on(const WatchOptions& watch) { return !watch.monitor.empty() || !watch.probe_prompts.empty(); }

bool has_retain_options(const TrainerOptions& options) {
  const TrainerOptions defaults;
  return options.retain_kind != defaults.retain_kind || options.retain_weight != defaults.retain_weight;
}

// Known before the work begins, not at its first write.
void check_reference_cache(const std::string& cache) {
  if (cache.empty() || cache == "auto" || cache == "none") return;
  fs::path there = fs::absolute(cache);  // it, or the folder that it would be made in
  std::error_code code;
  while (!fs::exists(there, code) && there.has_relative_path()) there = there.parent_path();
  if (fs::is_directory(there, code) && ::access(there.c_str(), W_OK) == 0) return;
  throw Error(
      ErrorKind::kIo,
      str_cat(there.string(), fs::is_directory(there, code) ? " cannot be written to" : " is no folder",
              "; give another one, or none to keep the reference's log-probs in the run"),
      "--reference-cache " + cache);
}

}  // namespace

void check_combination(const TrainRunOptions& options) {
  const auto usage = [](const std::string& message) { throw Error(ErrorKind::kUsage, message); };
  if (options.model.empty() == options.model_config.empty())
    usage(
        "give --model DIR (finetune a checkpoint) or --model-config FILE (train from scratch), one of them");
  if (from_scratch(options) && options.tokenizer.empty())
    usage("--model-config needs --tokenizer DIR, a folder with the tokenizer files to use");
  if (quantization_of(options) != "none" && !trains_adapter(options))
    usage("--quantize holds the weights in bits that cannot be trained; use it with --adapter lora");
  if (from_scratch(options) && trains_adapter(options))
    usage(
        "--adapter lora adapts a trained model; --model-config starts from random weights, use --adapter "
        "none");
  if (!options.adapter.init_adapter.empty() && !trains_adapter(options))
    usage("--init-adapter goes with --adapter lora");
  const bool has_kind = options.adapter.use_rslora || options.adapter.use_dora;
  if (has_kind && !trains_adapter(options)) usage("--use-rslora and --use-dora go with --adapter lora");
  if (has_kind && !options.adapter.init_adapter.empty())
    usage("--use-rslora and --use-dora are of a new adapter; that of --init-adapter is what it is");
  if (options.retain.empty() && has_retain_options(options.trainer))
    usage("--retain-kind and --retain-weight go with --retain, the files of texts to retain");
  if (from_scratch(options) && !options.retain.empty() && options.trainer.retain_kind == "kl")
    usage(
        "--retain-kind kl holds a model to what it was, and --model-config starts from random weights; use "
        "--retain-kind nll");
  check_reference_cache(options.reference_cache);
  check_watch(options.watch);
  options.trainer.check_combination(!options.eval_data.empty(), looks_on(options.watch));
}

void AdapterOptions::visit(OptionVisitor& v) {
  v.field(
      "adapter", adapter,
      "lora: train an adapter; qlora: the same on weights in NF4 (--quantize nf4); none: all weights; auto: "
      "lora with --model, none with --model-config",
      one_of({"auto", "lora", "qlora", "none"}));
  v.field("lora_r", lora_r, "rank of the adapter", between(1, 65536));
  v.field("lora_alpha", lora_alpha, "the adapter's product is scaled by alpha / r", more_than(0));
  v.field("use_rslora", use_rslora, "scale by alpha / √r instead, so that a higher rank learns no slower");
  v.field("use_dora", use_dora,
          "train the length of each of a matrix's rows apart from its direction (DoRA); slower");
  v.field("lora_dropout", lora_dropout, "dropout on the adapter's input while training (not in DPO); 0: none",
          between(0, 0.99));
  v.field("init_adapter", init_adapter, "start from this PEFT adapter folder; empty: a new adapter");
  visit_quantize(v, quantize);
}

void TrainRunOptions::visit(OptionVisitor& v) {
  v.field("recipe", recipe,
          "options to begin with, which any other option, --set or config wins over: a recipe of the study "
          "(`xlt ls recipes`) or a file of the same form; data and eval_data are then read by its preset");
  v.field("recipe_mode", recipe_mode,
          "paper: with the quirks of the published code that the recipe names; corrected: without them",
          one_of({"corrected", "paper"}));
  v.field("model", model, "checkpoint folder to finetune");
  v.field("model_config", model_config, "config.json of a model to train from scratch, instead of --model");
  v.field("tokenizer", tokenizer, "folder with the tokenizer files; empty: the model's");
  v.field("data", data,
          "training rows: a file, several separated by commas, or PRESET=FILE (`xlt ls presets`)");
  v.field("eval_data", eval_data,
          "rows to evaluate on, in the same form, instead of a share of the others (eval_split)");
  v.field(
      "retain", retain,
      "texts, in other languages say, that hold the model to what it was while it learns from the data "
      "(retain_kind, retain_weight): one or several files separated by commas, rows {\"text\"}, plain text "
      "or Tatoeba's .tsv; as many as batch_size a batch");
  v.field("output", output, "folder of the run (RUN)");
  visit_chat_template(v, chat_template);
  v.field("reference_cache", reference_cache,
          "where log-probs of the reference model are kept, by row, so that another run on the same rows "
          "computes "
          "none of them again: a folder; auto: xlt/references in the user's cache; none: RUN/reference");
  v.field("resume", resume,
          "go on with the run in --output even if its length, or how often it saves, evaluates and logs, was "
          "changed; an unfinished run goes on without this too");
  v.field("dry_run", dry_run,
          "do not train; print rows, tokens, steps, parameters, memory and seconds of the run as JSON");
}

void WatchOptions::visit(OptionVisitor& v) {
  v.field(
      "monitor", monitor,
      "LANG=FILE of texts in other languages: at each evaluation bits per byte and the KL divergence of the "
      "untouched model go into metrics.jsonl; several files of one language, or further languages, after "
      "commas");
  v.field(
      "probe_prompts", probe_prompts,
      "rows {\"prompt\"[,\"language\"]}, or {\"Prompt\"} as in data/rtp_prompts, of which a few completions "
      "are sampled at each evaluation, to RUN/probe");
  v.field("scorer", scorer,
          "what judges those completions (`xlt ls scorers`), word_list:DIR say; repeatable");
  v.field("probe_samples", probe_samples, "completions a prompt", between(1, 1000));
}

}  // namespace xlt
