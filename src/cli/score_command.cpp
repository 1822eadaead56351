// SPDX-License-Identifier: Apache-2.0
// `xlt score`: log-likelihoods of texts and continuations.
#include "cli/command.h"
#include "cli/device_map_option.h"
#include "cli/session.h"

#include "xlt/run/inference.h"

namespace xlt::cli {

namespace {

class ScoreCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {
        "Log-likelihoods of texts, or of continuations given a context",
        "xlt score --model models/gemma --adapter runs/dpo/adapter --input texts.jsonl --output scores.jsonl",
        {"model", "input", "output"},
        ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"model", "Model", [this](OptionVisitor& v) { model_.visit(v), device_map_.visit(v); }},
            {"score", "Files", visit_of(options_)}};
  }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    options_.model = model_.model;
    const auto make_model = [&] {
      model_.devices = device_map_.devices(session.options());
      return load_language_model(model_, model_.devices.front(), session.context());
    };
    const FileTally tally = score_file(options_, make_model, session.context());
    session.context().info(tally.summary(options_.output));
    return 0;
  }
  void check(Checks& checks) override {
    check_model(checks, model_.model);
    check_tokenizer(checks, model_.model);
    check_adapter(checks, model_.adapter);
    check_quantization(checks, model_.quantize, model_.model);
    check_rows(checks, options_.input, {"text", "continuation", "messages"});
  }

 private:
  ModelChoice model_;
  DeviceMapOption device_map_;
  ScoreOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_score_command() { return std::make_unique<ScoreCommand>(); }

}  // namespace xlt::cli
