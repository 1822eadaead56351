// SPDX-License-Identifier: Apache-2.0
// The models of `xlt eval`.
#include "xlt/run/eval_run.h"

#include "run/model_hash.h"
#include "run/scorer_models.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/utf8.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/lm/ranked_models.h"
#include "xlt/lm/seq2seq.h"
#include "xlt/models/encoder_decoder.h"  // is_encoder_decoder
#include "xlt/parallel/parallel.h"
#include "xlt/run/environment.h"
#include "xlt/run/evaluation.h"
#include "xlt/run/inference.h"  // load_language_model

namespace xlt {

namespace {

class LoadedModels final : public EvalModels {
 public:
  LoadedModels(ModelChoice model, const Placement& where, World& world)
      : model_(std::move(model)), where_(where), ranks_(world) {}
  void check(const EvalOptions& options) const override { check_what_is_judged(model_, options); }
  std::unique_ptr<ScorerModels> scorer_models(const Context& context) override {
    return make_scorer_models(where_, context, &ranks_);
  }
  Json load(EvalServices& services, const EvalOptions& options, const Context& context) override {
    Json identity = load_model(services, options.base, context);
    if (!options.fluency_model.empty()) load_fluency_model(services, options.fluency_model, context);
    return identity;
  }
  void answer() override { ranks_.answer(); }
  void release() override { ranks_.release(); }
  Json environment() const override {
    Json record = environment_record(where_);
    if (lm_) record["matmul"] = lm_->info().matmul;
    return record;
  }

 private:
  // Loads the model and says which one it is.
  Json load_model(EvalServices& services, const std::string& base, const Context& context) {
    ModelChoice model = model_;
    model.base = base;
    lm_ = ranks_.share(load_language_model(model, where_, context));
    if (!base.empty()) services.base_hash = hash_of_model(base);
    services.lm = lm_.get();
    const std::string hash = hash_of_model(model.model), adapter_hash = hash_of_adapter(model.adapter);
    services.model_hash = sha256(hash + adapter_hash);
    services.judge_hash = base.empty() ? hash : services.base_hash;
    const LanguageModelInfo& info = lm_->info();
    return {{"path", escape_invalid_utf8(info.model)},
            {"hash", hash},
            {"adapter", escape_invalid_utf8(info.adapter)},
            {"adapter_hash", adapter_hash},
            {"base", escape_invalid_utf8(base)},
            {"type", info.model_type},
            {"num_parameters", info.num_parameters},
            {"dtype", info.dtype},
            {"base_hash", services.base_hash}};
  }

  // --fluency-model: an encoder-decoder, or a decoder that judges in the untouched model's place.
  void load_fluency_model(EvalServices& services, const std::string& folder, const Context& context) {
    const std::string hash = hash_of_model(folder);
    if (is_encoder_decoder(*open_model_source(folder))) {
      seq2seq_ =
          ranks_.share(load_seq2seq({.model = folder, .batch_tokens = model_.batch_tokens}, where_, context));
      services.seq2seq = seq2seq_.get();
      services.seq2seq_hash = hash;
      return;
    }
    judge_ = ranks_.share(load_language_model(
        LanguageModelOptions{.model = folder, .batch_tokens = model_.batch_tokens}, where_, context));
    services.judge = judge_.get();
    services.judge_hash = hash;
  }

  const ModelChoice model_;
  const Placement where_;
  RankedModels ranks_;
  std::unique_ptr<LanguageModel> lm_, judge_;
  std::unique_ptr<Seq2Seq> seq2seq_;
};

}  // namespace

EvalResult run_evaluation(const ModelChoice& model, const EvalOptions& options, const Json& config,
                          const Placement& where, const Context& context, World* given_world) {
  const auto alone = make_single_world();
  World& world = given_world ? *given_world : *alone;
  LoadedModels models(model, where, world);
  return run_evaluation_with(models, options, config, context, world);
}

Json estimate_evaluation_run(const ModelChoice& model, const EvalOptions& options, const Placement& where,
                             const Context& context) {
  const auto alone = make_single_world();
  LoadedModels models(model, where, *alone);
  return estimate_evaluation_with(models, options, context);
}

}  // namespace xlt
