// SPDX-License-Identifier: Apache-2.0
// `xlt lab`: an experiment on languages that were made for it.
#include "cli/command.h"
#include "cli/session.h"
#include "cli/sweep_tools.h"

#include <cstdio>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/run/lab.h"

namespace xlt::cli {

namespace {

class LabCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Make languages with dials, pretrain and finetune on them, and estimate what each dial does",
            "xlt lab configs/lab/quick.json --output runs/lab",
            {"design"},
            "design"};
  }
  std::vector<OptionGroup> groups() override { return {{"lab", "Lab", visit_of(options_)}}; }

  int run(Session& session) override {
    if (options_.dry_run) {
      std::printf("%s\n", dump_json(lab_plan(options_, make_sweep_tools()), 1).c_str());
      return 0;
    }
    if (options_.output.empty())
      throw Error(ErrorKind::kUsage, "--output must be given; only --dry-run does without", "xlt lab");
    const LabResult result = run_lab(options_, make_sweep_tools(), session.placement(), session.context());
    std::fputs(result.table.c_str(), stdout);
    if (!result.all_done()) {
      std::printf("%lld of %lld cells done\n", static_cast<long long>(result.num_done),
                  static_cast<long long>(result.num_cells));
      return kSomeCellsFailed;
    }
    session.context().info("wrote " + options_.output + "/report.html, results.csv and effects.json");
    return 0;
  }
  void check(Checks& checks) override {
    checks.add("design " + options_.design, [&] {
      const Json plan = lab_plan(options_, make_sweep_tools());
      return dump_json(plan.at("languages").size()) + " languages, " + dump_json(plan.at("cells")) + " cells";
    });
  }

 private:
  LabOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_lab_command() { return std::make_unique<LabCommand>(); }

}  // namespace xlt::cli
