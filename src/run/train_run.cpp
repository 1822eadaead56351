// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/train_run.h"

#include "run/adapter_base.h"
#include "run/dry_run.h"
#include "run/run_folder.h"
#include "run/run_record.h"
#include "run/train_run_options.h"
#include "run/training_rows.h"
#include "run/watch.h"

#include <chrono>
#include <cmath>
#include <future>

#include "xlt/base/atomic_folder.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/scratch_folder.h"
#include "xlt/base/utf8.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/lm/runtime.h"
#include "xlt/models/decoder.h"
#include "xlt/models/lora_kinds.h"
#include "xlt/nn/linear.h"
#include "xlt/parallel/parallel.h"
#include "xlt/text/padding.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

Json model_config(const TrainRunOptions& options) {
  return from_scratch(options)
             ? load_json(options.model_config, ErrorKind::kCheckpoint, /*allow_comments=*/true)
             : open_model_source(options.model)->config();
}

void add_adapter(Decoder& decoder, const AdapterOptions& options, const fs::path& model, uint64_t seed,
                 const Context& context) {
  if (options.init_adapter.empty()) {
    attach_lora(decoder, {.r = options.lora_r, .alpha = options.lora_alpha, .dropout = options.lora_dropout},
                {.use_rslora = options.use_rslora, .use_dora = options.use_dora}, Rng(seed).fork("lora"));
    return;
  }
  load_lora(decoder, options.init_adapter);
  warn_of_other_base(options.init_adapter, model, context);
  context.info("starting from the adapter in " + options.init_adapter +
               "; its rank and alpha replace --lora-r and --lora-alpha");
  for (const NamedLinear& named : decoder.linears())
    if (LinearAdapter* adapter = named.linear->adapter()) adapter->dropout = options.lora_dropout;
}

// Read by a thread of its own: hundreds of thousands of tokens and merges take as long as all else before the
// first step, and neither the data nor the weights wait for them.
using TokenizerToCome = std::shared_future<std::unique_ptr<Tokenizer>>;

TokenizerToCome start_loading_tokenizer(const TrainRunOptions& options, const Context& context) {
  const Context own{.interrupted_flag =
                        context.interrupted_flag};  // log and progress are the caller's thread's
  return std::async(std::launch::async,
                    [&options, own] { return load_tokenizer(tokenizer_folder(options), own); })
      .share();
}

std::unique_ptr<Decoder> make_model(const TrainRunOptions& options, const TokenizerToCome& tokenizer,
                                    const Placement& where, uint64_t seed, const Context& context) {
  const std::vector<Placement> devices = options.devices.empty() ? std::vector{where} : options.devices;
  auto decoder = from_scratch(options)
                     ? make_decoder(options.model_config, tokenizer.get()->vocab_size(), devices,
                                    Rng(seed).fork("init"), context)
                     : load_decoder(*quantized(open_model_source(options.model), quantization_of(options)),
                                    devices, context);
  if (trains_adapter(options))
    add_adapter(*decoder, options.adapter, options.model, seed, context);
  else
    train_all_weights(*decoder);
  return decoder;
}

// RUN/adapter or RUN/model, with what is needed to use it elsewhere. Returns the folder.
fs::path save_result(const TrainRunOptions& options, Decoder& decoder) {
  const fs::path folder = fs::path(options.output) / (trains_adapter(options) ? "adapter" : "model");
  const auto tokenizer = open_model_source(tokenizer_folder(options));
  AtomicFolder output(folder);
  if (trains_adapter(options)) {
    save_lora(decoder, output.path(), options.model);
    tokenizer->write_tokenizer(output.path());
  } else {
    save_model(decoder, model_config(options), output.path());
    copy_files_to_keep(*tokenizer, output.path());
  }
  output.commit();
  return folder;
}

Json summary_of(const TrainRunOptions& options, const TrainResult& result, const fs::path& saved) {
  Json summary = {{"status", "finished"}, {"output", escape_invalid_utf8(options.output)}};
  summary[trains_adapter(options) ? "adapter" : "model"] = escape_invalid_utf8(saved.string());
  summary["steps"] = result.steps;
  summary["loss"] = result.final_loss;
  summary["best_eval_loss"] = std::isnan(result.best_eval_loss) ? Json() : Json(result.best_eval_loss);
  summary["best_step"] = result.best_step;
  summary["num_tokens"] = result.num_tokens;
  summary["seconds"] = result.seconds;
  return summary;
}

// Not stored apart: the run's own folder.
fs::path reference_cache(const TrainRunOptions& options) {
  const bool is_apart = options.reference_cache != "auto" && options.reference_cache != "none";
  return is_apart ? fs::path(options.reference_cache) : fs::path();
}

TrainJob make_job(const TrainRunOptions& options, Records records, const Tokenizer& tokenizer, uint64_t seed,
                  const Context& context) {
  TrainJob job;
  job.tokenizer = &tokenizer;
  if (options.trainer.attend_pads) {
    const Padding padding = read_padding(tokenizer_folder(options), tokenizer);
    if (padding.is_left) job.left_pad = padding.id;
  }
  job.records = std::move(records);
  job.eval_records = load_rows(options, options.eval_data, context);
  if (!options.retain.empty())
    job.further_records[kRetainSet].texts = load_texts(options.retain, options.fields);
  job.monitored = monitored_texts(options);
  job.seed = seed;
  job.output = options.output;
  job.base_model = options.model;
  job.adapter_only = trains_adapter(options);
  job.reference_cache = reference_cache(options);
  job.reference_model = "config " + sha256(dump_json(model_config(options)));
  return job;
}

// Going on where a run was: its run.json also says with what it was begun.
void begin_run(const RunFolder& folder, RunState state, Json& record, const Context& context) {
  if (state == RunState::kUnfinished) {
    const Json before = folder.stored();
    Json begun = Json::object();
    for (const char* key : {"version", "code", "env"}) begun[key] = before.value(key, Json());
    record["begun_with"] = before.value("begun_with", begun);
  }
  folder.write(record, "running");
  if (state == RunState::kUnfinished)
    context.info(folder.path().string() + " holds this run, unfinished; going on with it");
}

// run.json and what the run left behind; returns its summary.
Json end_run(const TrainRunOptions& options, const RunFolder& folder, const Json& record,
             const TrainResult& result, Decoder& decoder) {
  if (result.interrupted) {
    folder.write(record, "interrupted");
    throw Error(
        ErrorKind::kInterrupted,
        str_cat("stopped after step ", result.steps, "; the state is saved, the same command goes on"),
        options.output);
  }
  const Json summary = summary_of(options, result, save_result(options, decoder));
  Json finished = record;
  finished["result"] = summary;
  folder.write(finished, "finished");
  return summary;
}

struct Found {
  RunState state;
  Json result;  // of a finished run
};

// Rank 0's look at the folder, for all.
Found inspect_by_first(World& world, const RunFolder& folder, const Json& record, bool resume,
                       const Context& context) {
  const std::string found = found_by_first_rank(world, [&] {
    const RunState state = folder.inspect(record, resume, context);
    Json json = {{"state", state}};
    if (state == RunState::kFinished) json["result"] = folder.stored().at("result");
    return dump_json(json);
  });
  const Json json = parse_json(found, "run.json");
  return {json.at("state").get<RunState>(), json.value("result", Json())};
}

}  // namespace

Json run_training(const TrainRunOptions& options, const Placement& where, uint64_t seed, const Json& config,
                  const Context& context, World* given_world) {
  const auto alone = make_single_world();
  World& world = given_world ? *given_world : *alone;
  Records records;
  Json record;
  TokenizerToCome tokenizer;
  on_all_ranks(world, [&] {
    check_combination(options);
    records = load_rows(options, options.data, context);
    tokenizer = start_loading_tokenizer(options, context);
    record = run_record(options, where, seed, config, records.size(), world.world_size());
  });
  check_alike(world, record);
  const RunFolder folder(options.output, may_cut_steps_anew(options.trainer));
  const Found found = inspect_by_first(world, folder, record, options.resume, context);
  if (found.state == RunState::kFinished) {
    context.info(options.output + " holds this run, finished; nothing to do");
    return found.result;
  }
  std::unique_ptr<Decoder> decoder;
  std::string weights_fingerprint;
  on_all_ranks(world, [&] {
    decoder = make_model(options, tokenizer, where, seed, context);
    if (tokenizer.wait_for(std::chrono::seconds(0)) == std::future_status::ready) tokenizer.get();
    if (method_uses_reference(options.trainer))
      weights_fingerprint = fingerprint_of_weights(*decoder, context);
    tokenizer.get();  // or what went wrong with it
    context.throw_if_interrupted();
  });
  std::unique_ptr<FileLock> lock;
  on_first_rank(world, [&] { lock = folder.lock(context); });
  // Another process may have begun or ended this run between the first look and the lock.
  const Found again = inspect_by_first(world, folder, record, options.resume, {});
  if (again.state == RunState::kFinished) return again.result;
  on_first_rank(world, [&] { begin_run(folder, again.state, record, context); });
  TrainJob job;
  on_all_ranks(world, [&] {
    job = make_job(options, std::move(records), *tokenizer.get(), seed, context);
    job.probe = make_probe(options, *decoder, *tokenizer.get(), where, seed, context);
  });
  job.decoder = decoder.get();
  job.weights_fingerprint = weights_fingerprint;
  job.resume = options.resume || again.state == RunState::kUnfinished;
  job.world = &world;
  const TrainResult result = train(job, options.trainer, context);
  if (result.reference)
    record["reference"] = {{"computed", result.reference->computed}, {"reused", result.reference->reused}};
  return parse_json(
      found_by_first_rank(world,
                          [&] {
                            lock->throw_if_lost();
                            return dump_json(end_run(options, folder, record, result, *decoder));
                          }),
      "summary");
}

Json dry_run_training(const TrainRunOptions& options, const Placement& where, uint64_t seed,
                      const Json& config, const Context& context) {
  check_combination(options);
  const ScratchFolder scratch;
  Records records = load_rows(options, options.data, context);
  const TokenizerToCome tokenizer = start_loading_tokenizer(options, context);
  TrainJob job = make_job(options, std::move(records), *tokenizer.get(), seed, context);
  job.output = scratch.path() / "run";
  if (!options.watch.probe_prompts.empty()) job.probe = [](int64_t, Json&) {};  // counts as an evaluation
  job.reference_cache = scratch.path() / "reference";
  DryRun dry(options, where);
  if (const std::string reason = dry.why_not_measured(); !reason.empty()) {
    dry.reckon(plan_training(job, options.trainer, context), reason);
  } else {
    const auto decoder = make_model(options, tokenizer, where, seed, context);
    job.decoder = decoder.get();
    dry.measure(job, context);
  }
  return dry.to_json(config);
}

void check_training(const TrainRunOptions& options, Checks& checks) {
  checks.add("combination of options", [&] {
    check_combination(options);
    return std::string("they go together");
  });
  const bool has_method = !options.trainer.method.empty();
  if (has_method && !options.data.empty())
    checks.add("data " + options.data, [&] {
      return str_cat(load_rows(options, options.data, {}).size(), ' ',
                     name_of(method_row_kind(options.trainer.method)));
    });
  if (has_method && !options.eval_data.empty())
    checks.add("data " + options.eval_data, [&] {
      return str_cat(load_rows(options, options.eval_data, {}).size(), ' ',
                     name_of(method_row_kind(options.trainer.method)), " to evaluate on");
    });
  if (!options.retain.empty())
    checks.add("data " + options.retain, [&] {
      return str_cat(load_texts(options.retain, options.fields).size(), " texts to retain");
    });
  check_model(checks, options.model);
  check_tokenizer(checks, tokenizer_folder(options));
  check_adapter(checks, options.adapter.init_adapter);
}

}  // namespace xlt
