// SPDX-License-Identifier: Apache-2.0
// `xlt eval --completions`: judged without a model, where no scorer asks one either.
#include "cli/evaluating_command.h"
#include "cli/session.h"
#include "front/engine.h"

#include <algorithm>
#include <cstdlib>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/parallel/launch.h"
#include "xlt/parallel/parallel.h"
#include "xlt/run/environment.h"
#include "xlt/run/evaluation.h"
#include "xlt/scorers/scorer.h"

namespace xlt::cli {

namespace {

// Whether a launcher may have started several of these.
bool is_launched() {
  const auto& names = launch_variables();
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return std::getenv(name.c_str()); });
}

// Becomes the engine; the process ends where there is none.
[[noreturn]] void leave_to_engine() { std::exit(front::become_engine()); }

// Whoever asks for a model is with the engine: nothing was written yet.
class ModelsOfTheEngine final : public ScorerModels {
 public:
  std::unique_ptr<TextClassifier> load_classifier(const std::filesystem::path&) override {
    leave_to_engine();
  }
  std::unique_ptr<LanguageModel> load_language_model(const std::filesystem::path&) override {
    leave_to_engine();
  }
  LoadedProbe load_probe(const std::filesystem::path&, const std::filesystem::path&) override {
    leave_to_engine();
  }
  std::unique_ptr<TextOracle> load_oracle(const std::filesystem::path&, const std::string&) override {
    leave_to_engine();
  }
  std::string hash_of(const std::filesystem::path&) override { leave_to_engine(); }
};

class NoModels final : public EvalModels {
 public:
  NoModels(ModelChoice model, const Placement& where) : model_(std::move(model)), where_(where) {}
  void check(const EvalOptions& options) const override { check_what_is_judged(model_, options); }
  std::unique_ptr<ScorerModels> scorer_models(const Context&) override {
    return std::make_unique<ModelsOfTheEngine>();
  }
  Json load(EvalServices&, const EvalOptions&, const Context&) override { leave_to_engine(); }
  void answer() override {}
  void release() override {}
  Json environment() const override { return environment_record(where_); }

 private:
  ModelChoice model_;
  Placement where_;
};

class CompletionsCommand final : public EvaluatingCommand {
 public:
  int run(Session& session) override {
    if (needs_engine(session.options())) leave_to_engine();
    take_from(session);
    const auto world = make_single_world();
    NoModels models(model_, session.placement());
    EvalResult result = run_evaluation_with(models, options_, session.config(), session.context(), *world);
    return tell(result, session.context());
  }

  void tell_ranks(const Error&) const override {
    if (is_launched()) leave_to_engine();
  }

 private:
  bool needs_engine(const GlobalOptions& global) const {
    return options_.completions.empty() || options_.dry_run || is_launched() || !model_.model.empty() ||
           !options_.base.empty() || !options_.fluency_model.empty() || !device_map_.device_map.empty() ||
           (global.device != "auto" && global.device != "cpu");
  }
};

}  // namespace

std::unique_ptr<Command> make_eval_command() { return std::make_unique<CompletionsCommand>(); }

}  // namespace xlt::cli
