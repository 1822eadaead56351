// SPDX-License-Identifier: Apache-2.0
// `xlt probe`: a scorer from any model and labelled texts.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/run/environment.h"
#include "xlt/run/probe.h"

namespace xlt::cli {

namespace {

class ProbeCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"A scorer from any model: a logistic head on its hidden states, trained on labelled texts",
            "xlt probe --model models/gemma --data labelled/en.jsonl --output probes/toxicity",
            {"model", "data", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override { return {{"probe", "Probe", visit_of(options_)}}; }
  int run(Session& session) override {
    options_.seed = session.seed();
    const Json made_with{
        {"seed", options_.seed}, {"code", code_record()}, {"dtype", name_of(session.placement().dtype)}};
    const Json record = train_probe(options_, probe_base(options_, session.placement(), session.context()),
                                    made_with, session.context());
    std::fprintf(stdout, "%s", probe_summary(record).c_str());
    session.context().info("wrote " + options_.output);
    return 0;
  }
  void check(Checks& checks) override {
    check_layered_model(checks, options_.model);
    check_tokenizer(checks, options_.model);
    for (const std::string& file : options_.data) check_rows(checks, file, {"text"});
  }

 private:
  ProbeOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_probe_command() { return std::make_unique<ProbeCommand>(); }

}  // namespace xlt::cli
