// SPDX-License-Identifier: Apache-2.0
// `xlt eval`: header of the report, identity of the weights, evaluation.
#include "xlt/run/eval_run.h"

#include <filesystem>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/run/environment.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

// Which weights: the adapter by its bytes; the base model's files by name, size and time of change, since
// hashing gigabytes on every call would cost more than a short evaluation.
std::string model_key(const ModelChoice& model) {
  Json key{{"model", fs::weakly_canonical(model.model).string()}};
  for (const auto& entry : fs::directory_iterator(model.model))
    if (entry.path().extension() == ".safetensors" || entry.path().extension() == ".json" ||
        entry.path().extension() == ".model")
      key[entry.path().filename().string()] =
          str_cat(entry.file_size(), "@", entry.last_write_time().time_since_epoch().count());
  if (!model.adapter.empty())
    key["adapter"] = sha256_of_file(fs::path(model.adapter) / "adapter_model.safetensors") +
                     sha256_of_file(fs::path(model.adapter) / "adapter_config.json");
  Json sorted = Json::object();
  std::map<std::string, Json> entries;
  for (const auto& [name, value] : key.items()) entries[name] = value;
  for (const auto& [name, value] : entries) sorted[name] = value;
  return sha256(dump_json(sorted));
}

}  // namespace

EvalResult run_evaluation(const ModelChoice& model, const EvalOptions& options, const Json& config,
                          const Placement& where, const Context& context) {
  check_eval_options(options);
  // What is quick to open comes before the weights.
  std::vector<std::unique_ptr<TextScorer>> scorers;
  EvalServices services;
  for (const std::string& spec : scorer_specs(options)) {
    scorers.push_back(make_scorer(spec, {.data = options.data, .context = context}));
    services.scorers.push_back(scorers.back().get());
  }
  std::unique_ptr<LanguageIdentifier> identifier;
  if (!options.lid.empty()) {
    identifier = load_language_identifier(options.lid);
    services.identifier = identifier.get();
    services.identifier_hash = sha256_of_file(options.lid);
  }
  const auto lm = load_language_model(model, where, context);
  services.lm = lm.get();
  services.model_hash = model_key(model);
  const LanguageModelInfo& info = lm->info();
  Json environment = environment_record(where);
  environment["matmul"] = info.matmul;
  const Json header{{"config", config},
                    {"code", code_record()},
                    {"env", environment},
                    {"seeds", Json::array({options.seed})},
                    {"model",
                     {{"path", info.model},
                      {"adapter", info.adapter},
                      {"type", info.model_type},
                      {"num_parameters", info.num_parameters}}}};
  return evaluate(services, options, header, context);
}

}  // namespace xlt
