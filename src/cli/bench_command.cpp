// SPDX-License-Identifier: Apache-2.0
// `xlt bench`: speed on this machine.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/base/error.h"
#include "xlt/dataset/record.h"
#include "xlt/run/bench.h"

namespace xlt::cli {

namespace {

class BenchCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Time matrix products, generation, scoring and training steps on this machine",
            "xlt bench --model models/gemma --data data/detox_pairs/en.jsonl --output bench.json",
            {},
            ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"model", "Model", visit_of(model_)}, {"bench", "What to time", visit_of(options_)}};
  }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    const Json bench =
        run_bench(options_, model_, session.placement(), session.seed(), session.config(), session.context());
    std::fputs(bench_table(bench).c_str(), stdout);
    return 0;
  }
  void check(Checks& checks) override {
    if (model_.model.empty()) return;
    check_model(checks, model_.model);
    check_tokenizer(checks, model_.model);
    check_adapter(checks, model_.adapter);
    checks.add("data " + options_.data,
               [&] { return str_cat(load_preference(options_.data, {}).size(), " preference pairs"); });
  }

 private:
  ModelChoice model_;
  BenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace xlt::cli
