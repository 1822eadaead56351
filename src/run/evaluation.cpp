// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/evaluation.h"

#include "run/lab/world_judges.h"

#include <exception>
#include <string>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/leftovers.h"
#include "xlt/base/lock.h"
#include "xlt/base/nested_progress.h"
#include "xlt/base/resolve_options.h"  // flag_name
#include "xlt/eval/earlier_evaluation.h"
#include "xlt/parallel/parallel.h"
#include "xlt/run/environment.h"
#include "xlt/run/model_choice.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

// What an evaluation is made with beside its model, and who owns it.
struct OwnedServices {
  std::unique_ptr<ScorerModels> models;
  std::vector<std::unique_ptr<TextScorer>> scorers;
  std::unique_ptr<LanguageIdentifier> identifier;
  EvalServices services;
};

// All but the model: quicker to open, so that a mistake in it costs no loading.
OwnedServices make_services(EvalModels& models, const EvalOptions& options, const Context& context) {
  OwnedServices owned;
  owned.models = models.scorer_models(context);
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

// What loads, in the order in which a mistake costs least, and what the report's header says of the model.
Json prepare(OwnedServices& owned, EvalModels& models, const EvalOptions& options, const Context& context) {
  owned = make_services(models, options, context);
  if (options.completions.empty()) return models.load(owned.services, options, context);
  Json identity = completions_record(options);
  owned.services.model_hash = identity.at("hash");
  return identity;
}

// The ranks answer for one another, so they have to hold the same models. Throws kUsage on all of them,
// naming the lowest rank that differs from rank 0, and in what.
void check_models_alike(World& world, const EvalServices& services, const Json& environment) {
  Json own = {
      {"model or adapter", services.model_hash},
      {"--base", services.base_hash},
      {"--fluency-model", {services.judge_hash, services.seq2seq_hash}},
      {"--scorer", Json::array()},
      {"device",
       environment.at("device").is_string() ? environment.at("device").get<std::string>().substr(0, 3) : ""},
      {"dtype", environment.at("dtype")}};
  for (const TextScorer* scorer : services.scorers)
    own["--scorer"].push_back({scorer->name(), scorer->hash()});
  const Json first = parse_json(found_by_first_rank(world, [&] { return dump_json(own); }), "rank 0");
  on_all_ranks(world, [&] {
    for (const auto& [what, value] : own.items())
      if (value != first.at(what))
        throw Error(ErrorKind::kUsage,
                    str_cat("differs from rank 0 in its ", what,
                            "; start all ranks by the same command, on the same files"),
                    str_cat("rank ", world.rank()));
  });
}

Json header_of(const EvalModels& models, const EvalOptions& options, Json config, Json identity) {
  if (config.contains("num_samples")) config["num_samples"] = options.sampling.num_samples;
  return {{"config", std::move(config)},
          {"code", code_record()},
          {"env", models.environment()},
          {"seeds", Json::array({options.seed})},
          {"model", std::move(identity)}};
}

EvalResult evaluate_in_folder(const EvalServices& services, const EvalOptions& options, const Json& header,
                              const Context& context) {
  make_folders(options.output);
  const auto lock = take_lock(fs::path(options.output) / kLockName, {"evaluates", options.output}, context);
  remove_leftovers(options.output, LeftoversOf::kOtherProcesses);
  check_earlier_evaluation(services, options, header);
  EvalResult result = evaluate(services, options, header, context);
  lock->throw_if_lost();
  return result;
}

}  // namespace

void check_what_is_judged(const ModelChoice& model, const EvalOptions& options) {
  if (options.completions.empty()) {
    if (!model.model.empty()) return;
    throw Error(ErrorKind::kUsage,
                "no model was given (--model), and no files of completions (--completions)");
  }
  if (!model.model.empty())
    throw Error(ErrorKind::kUsage, "with --completions no model is asked; leave out the one or the other",
                "--model");
  std::vector<std::string> names = options_of_asking(options);
  ModelChoice given = model, usual;
  const Json values = dump_options(visit_of(given)), defaults = dump_options(visit_of(usual));
  for (const auto& [name, value] : values.items())
    if (value != defaults.at(name)) names.push_back(name);
  if (names.empty()) return;
  throw Error(ErrorKind::kUsage,
              "of no use with --completions, where no model is asked; leave out the one or the other",
              join(names, ", ", flag_name));
}

EvalResult run_evaluation_with(EvalModels& models, const EvalOptions& given, const Json& config,
                               const Context& context, World& world) {
  EvalOptions options;
  NestedProgress nested(context.progress_sink, kEvaluationTitle);
  Context inside = context;
  inside.progress_sink = &nested;
  OwnedServices owned;
  Json identity;
  on_all_ranks(world, [&] {
    models.check(given);
    check_eval_options(given);
    options = with_own_defaults(given);
    identity = prepare(owned, models, options, inside);
    if (!given.completions.empty() && given.sampling.num_samples == 0)
      context.info(str_cat("toxicity is that of ", options.sampling.num_samples,
                           " samples, as many as the item with the fewest has (--num-samples)"));
  });
  if (world.world_size() > 1) check_models_alike(world, owned.services, models.environment());
  EvalResult result;
  std::exception_ptr error;
  try {
    if (world.is_first())
      result = evaluate_in_folder(owned.services, options,
                                  header_of(models, options, config, std::move(identity)), inside);
    else
      models.answer();
  } catch (...) {
    error = std::current_exception();
  }
  models.release();
  throw_on_all_ranks(world, error);
  result.num_failed =
      std::stoll(found_by_first_rank(world, [&] { return std::to_string(result.num_failed); }));
  return result;
}

Json estimate_evaluation_with(EvalModels& models, const EvalOptions& given, const Context& context) {
  models.check(given);
  check_eval_options(given);
  const EvalOptions options = with_own_defaults(given);
  NestedProgress nested(context.progress_sink, kEvaluationTitle);
  Context inside = context;
  inside.progress_sink = &nested;
  OwnedServices owned;
  prepare(owned, models, options, inside);
  return estimate_evaluation(owned.services, options, inside);
}

}  // namespace xlt
