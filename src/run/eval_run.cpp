// SPDX-License-Identifier: Apache-2.0
// `xlt eval`: services, header of the report, evaluation.
#include "xlt/run/eval_run.h"

#include "run/model_hash.h"

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/nested_progress.h"
#include "xlt/run/environment.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

// What an evaluation is made with, and who owns it.
struct OwnedServices {
  std::vector<std::unique_ptr<TextScorer>> scorers;
  std::unique_ptr<LanguageIdentifier> identifier;
  std::unique_ptr<LanguageModel> lm;
  EvalServices services;
};

// All but the model: quick to open, so that a mistake in it costs no loading.
OwnedServices make_services(const EvalOptions& options, const Context& context) {
  OwnedServices owned;
  owned.scorers = make_scorers(scorer_specs(options),
                               {.data = options.data, .timeout = options.scorer_timeout, .context = context});
  for (const auto& scorer : owned.scorers) owned.services.scorers.push_back(scorer.get());
  if (!options.lid.empty()) {
    owned.identifier = load_language_identifier(options.lid);
    owned.services.identifier = owned.identifier.get();
    owned.services.identifier_hash = sha256_of_file(options.lid);
  }
  return owned;
}

}  // namespace

EvalResult run_evaluation(const ModelChoice& model, const EvalOptions& options, const Json& config,
                          const Placement& where, const Context& context) {
  check_eval_options(options);
  NestedProgress nested(context.progress_sink, kEvaluationTitle);
  Context inside = context;
  inside.progress_sink = &nested;
  OwnedServices owned = make_services(options, inside);
  owned.lm = load_language_model(model, where, inside);
  owned.services.lm = owned.lm.get();
  const std::string model_hash = hash_of_model(model.model), adapter_hash = hash_of_adapter(model.adapter);
  owned.services.model_hash = sha256(model_hash + adapter_hash);
  const LanguageModelInfo& info = owned.lm->info();
  Json environment = environment_record(where);
  environment["matmul"] = info.matmul;
  const Json header{{"config", config},
                    {"code", code_record()},
                    {"env", environment},
                    {"seeds", Json::array({options.seed})},
                    {"model",
                     {{"path", info.model},
                      {"hash", model_hash},
                      {"adapter", info.adapter},
                      {"adapter_hash", adapter_hash},
                      {"type", info.model_type},
                      {"num_parameters", info.num_parameters}}}};
  return evaluate(owned.services, options, header, inside);
}

}  // namespace xlt
