// SPDX-License-Identifier: Apache-2.0
// `xlt compare`: arms of an experiment, paired by item and nested in seeds.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/findings/compare.h"

namespace xlt::cli {

namespace {

class CompareCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Compare evaluations: paired changes with intervals, corrected p-values, detectable effects",
            "xlt compare out/base dpo=out/dpo-1,out/dpo-2,out/dpo-3 sft=out/sft-1,out/sft-2,out/sft-3 "
            "--output out/compare",
            {"output"},
            "arms"};
  }
  std::vector<OptionGroup> groups() override { return {{"compare", "Comparison", visit_of(options_)}}; }
  // Results of lm_eval may stand for evaluations.
  std::vector<std::string> required() const override {
    if (options_.arms.empty() && options_.lm_eval.empty()) return {"arms", "output"};
    return help().required;
  }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    options_.seed = session.seed();
    const Json comparison = compare(options_, session.context());
    write_comparison(comparison, options_.output);
    std::fputs(comparison_table(comparison).c_str(), stdout);
    session.context().info("wrote " + options_.output + "/compare.json, compare.csv and compare.tex");
    return 0;
  }
  void check(Checks& checks) override {
    checks.add("arms", [&] {
      check_compare_options(options_);
      return str_cat(options_.arms.size(), " arms, measured alike but for their adapters");
    });
  }

 private:
  CompareOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_compare_command() { return std::make_unique<CompareCommand>(); }

}  // namespace xlt::cli
