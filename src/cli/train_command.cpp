// SPDX-License-Identifier: Apache-2.0
// `xlt train`: finetune a model, or train one from scratch.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/run/train_run.h"

namespace xlt::cli {

namespace {

class TrainCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Finetune a model on texts (sft) or preference pairs (dpo), by default through a LoRA adapter",
            "xlt train --method dpo --model models/gemma --data pairs.jsonl --output runs/dpo "
            "--learning-rate 3e-5",
            {"method", "data", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"run", "Model, data and output", visit_of(options_)},
            {"adapter", "Adapter", visit_of(options_.adapter)},
            {"training", "Training", visit_of(options_.trainer)},
            {"fields", "Names of the data's fields", visit_of(options_.fields)}};
  }
  int run(Session& session) override {
    const Json summary =
        run_training(options_, session.placement(), session.seed(), session.config(), session.context());
    std::printf("%s\n", dump_json(summary).c_str());
    return 0;
  }
  void check(Checks& checks) override { check_training(options_, checks); }

 private:
  TrainRunOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace xlt::cli
