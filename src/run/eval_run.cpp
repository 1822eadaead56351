// SPDX-License-Identifier: Apache-2.0
// `xlt eval`: services, header of the report, evaluation.
#include "xlt/run/eval_run.h"

#include "run/lab/world_judges.h"
#include "run/model_hash.h"
#include "run/scorer_models.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/leftovers.h"
#include "xlt/base/lock.h"
#include "xlt/base/nested_progress.h"
#include "xlt/base/utf8.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/eval/earlier_evaluation.h"
#include "xlt/lm/seq2seq.h"
#include "xlt/models/encoder_decoder.h"  // is_encoder_decoder
#include "xlt/parallel/parallel.h"
#include "xlt/run/environment.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

// What an evaluation is made with, and who owns it.
struct OwnedServices {
  std::unique_ptr<ScorerModels> models;
  std::vector<std::unique_ptr<TextScorer>> scorers;
  std::unique_ptr<LanguageIdentifier> identifier;
  std::unique_ptr<LanguageModel> lm, judge;
  std::unique_ptr<Seq2Seq> seq2seq;
  EvalServices services;
};

// All but the model: quicker to open, so that a mistake in it costs no loading.
OwnedServices make_services(const EvalOptions& options, const Placement& where, const Context& context) {
  OwnedServices owned;
  owned.models = make_scorer_models(where, context);
  owned.scorers = make_scorers(scorer_specs(options), {.data = options.data,
                                                       .timeout = options.scorer_timeout,
                                                       .rate = options.scorer_rate,
                                                       .retries = options.scorer_retries,
                                                       .key = options.scorer_key,
                                                       .models = owned.models.get(),
                                                       .context = context});
  for (const auto& scorer : owned.scorers) owned.services.scorers.push_back(scorer.get());
  if (!options.lid.empty()) {
    owned.identifier = is_world_file(options.lid) ? make_world_identifier(options.lid)
                                                  : load_language_identifier(options.lid);
    owned.services.identifier = owned.identifier.get();
    owned.services.identifier_hash = sha256_of_file(options.lid);
  }
  return owned;
}

// {"completions": [{file, bytes, sha256}], "hash"}: whose completions they are, the files alone say.
Json completions_record(const EvalOptions& options) {
  const Json files = file_records({options.completions.begin(), options.completions.end()});
  std::string hashes;
  for (const Json& file : files) hashes += file.at("sha256").get<std::string>();
  return {{"completions", files}, {"hash", sha256(hashes)}};
}

// --fluency-model: an encoder-decoder, or a decoder that judges in the untouched model's place.
void load_fluency_model(OwnedServices& owned, const std::string& folder, int64_t batch_tokens,
                        const Placement& where, const Context& context) {
  const std::string hash = hash_of_model(folder);
  if (is_encoder_decoder(*open_model_source(folder))) {
    owned.seq2seq = load_seq2seq({.model = folder, .batch_tokens = batch_tokens}, where, context);
    owned.services.seq2seq = owned.seq2seq.get();
    owned.services.seq2seq_hash = hash;
    return;
  }
  owned.judge = load_language_model(LanguageModelOptions{.model = folder, .batch_tokens = batch_tokens},
                                    where, context);
  owned.services.judge = owned.judge.get();
  owned.services.judge_hash = hash;
}

// Loads the model and says which one it is.
Json load_model(OwnedServices& owned, ModelChoice model, const std::string& base, const Placement& where,
                const Context& context) {
  model.base = base;
  owned.lm = load_language_model(model, where, context);
  if (!base.empty()) owned.services.base_hash = hash_of_model(base);
  owned.services.lm = owned.lm.get();
  const std::string hash = hash_of_model(model.model), adapter_hash = hash_of_adapter(model.adapter);
  owned.services.model_hash = sha256(hash + adapter_hash);
  owned.services.judge_hash = base.empty() ? hash : owned.services.base_hash;
  const LanguageModelInfo& info = owned.lm->info();
  return {{"path", escape_invalid_utf8(info.model)},
          {"hash", hash},
          {"adapter", escape_invalid_utf8(info.adapter)},
          {"adapter_hash", adapter_hash},
          {"base", escape_invalid_utf8(base)},
          {"type", info.model_type},
          {"num_parameters", info.num_parameters},
          {"dtype", info.dtype},
          {"base_hash", owned.services.base_hash}};
}

// What loads, in the order in which a mistake costs least, and what the report's header says of it.
Json prepare(OwnedServices& owned, const ModelChoice& model, const EvalOptions& options,
             const Placement& where, const Context& context) {
  owned = make_services(options, where, context);
  if (!options.completions.empty()) {
    Json identity = completions_record(options);
    owned.services.model_hash = identity.at("hash");
    return identity;
  }
  Json identity = load_model(owned, model, options.base, where, context);
  if (!options.fluency_model.empty())
    load_fluency_model(owned, options.fluency_model, model.batch_tokens, where, context);
  return identity;
}

void check_model_choice(const ModelChoice& model, const EvalOptions& options) {
  if (model.model.empty() && options.completions.empty())
    throw Error(ErrorKind::kUsage,
                "no model was given (--model), and no files of completions (--completions)");
  if (!model.model.empty() && !options.completions.empty())
    throw Error(ErrorKind::kUsage, "with --completions no model is asked; leave out the one or the other",
                "--model");
}

}  // namespace

EvalResult run_evaluation(const ModelChoice& model, const EvalOptions& given, const Json& config,
                          const Placement& where, const Context& context, World* given_world) {
  const auto alone = make_single_world();
  World& world = given_world ? *given_world : *alone;
  EvalOptions options;
  NestedProgress nested(context.progress_sink, kEvaluationTitle);
  Context inside = context;
  inside.progress_sink = &nested;
  OwnedServices owned;
  Json identity;
  on_all_ranks(world, [&] {
    check_model_choice(model, given);
    check_eval_options(given);
    options = with_own_defaults(given);
    if (!given.completions.empty() && given.sampling.num_samples == 0)
      context.info(str_cat("toxicity is that of ", options.sampling.num_samples,
                           " samples, as many as the item with the fewest has (--num-samples)"));
    identity = prepare(owned, model, options, where, inside);
  });
  owned.services.world = &world;
  Json environment = environment_record(where);
  if (owned.lm) environment["matmul"] = owned.lm->info().matmul;
  Json resolved = config;
  if (resolved.contains("num_samples")) resolved["num_samples"] = options.sampling.num_samples;
  const Json header{{"config", resolved},
                    {"code", code_record()},
                    {"env", environment},
                    {"seeds", Json::array({options.seed})},
                    {"model", identity}};
  std::unique_ptr<FileLock> lock;
  on_first_rank(world, [&] {
    make_folders(options.output);
    lock = take_lock(fs::path(options.output) / kLockName, {"evaluates", options.output}, inside);
    remove_leftovers(options.output, LeftoversOf::kOtherProcesses);
    check_earlier_evaluation(owned.services, options, header);
  });
  EvalResult result = evaluate(owned.services, options, header, inside);
  on_first_rank(world, [&] { lock->throw_if_lost(); });
  return result;
}

Json estimate_evaluation_run(const ModelChoice& model, const EvalOptions& given, const Placement& where,
                             const Context& context) {
  check_model_choice(model, given);
  check_eval_options(given);
  const EvalOptions options = with_own_defaults(given);
  NestedProgress nested(context.progress_sink, kEvaluationTitle);
  Context inside = context;
  inside.progress_sink = &nested;
  OwnedServices owned;
  prepare(owned, model, options, where, inside);
  return estimate_evaluation(owned.services, options, inside);
}

}  // namespace xlt
