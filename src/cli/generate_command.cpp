// SPDX-License-Identifier: Apache-2.0
// `xlt generate`: completions of prompts.
#include "cli/command.h"
#include "cli/device_map_option.h"
#include "cli/session.h"

#include "xlt/run/inference.h"

namespace xlt::cli {

namespace {

class GenerateCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Complete prompts, several samples each; the same seed gives the same samples at any batch size",
            "xlt generate --model models/gemma --prompts prompts.jsonl --output completions.jsonl "
            "--num-samples 25",
            {"model", "prompts", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"model", "Model", [this](OptionVisitor& v) { model_.visit(v), device_map_.visit(v); }},
            {"files", "Files", visit_of(options_)},
            {"generation", "Generation", visit_of(options_.generation)}};
  }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    options_.generation.seed = session.seed();
    options_.model = model_.model;
    const auto make_model = [&] {
      model_.devices = device_map_.devices(session.options());
      return load_language_model(model_, model_.devices.front(), session.context());
    };
    const FileTally tally = generate_file(options_, make_model, session.context());
    session.context().info(tally.summary(options_.output));
    return 0;
  }
  void check(Checks& checks) override {
    check_model(checks, model_.model);
    check_tokenizer(checks, model_.model);
    check_adapter(checks, model_.adapter);
    check_quantization(checks, model_.quantize, model_.model);
    check_rows(checks, options_.prompts, {"prompt", "messages"});
  }

 private:
  ModelChoice model_;
  DeviceMapOption device_map_;
  GenerateFileOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_generate_command() { return std::make_unique<GenerateCommand>(); }

}  // namespace xlt::cli
