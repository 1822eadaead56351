// SPDX-License-Identifier: Apache-2.0
// `xlt sweep`: a whole study by one command, on one machine or many.
#include "cli/command.h"
#include "cli/estimate_line.h"
#include "cli/session.h"
#include "cli/sweep_tools.h"

#include <cstdio>

#include "xlt/run/sweep.h"

namespace xlt::cli {

namespace {

class SweepCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Train and evaluate a grid of models, recipes and seeds, in cells that workers share",
            "xlt sweep configs/sweeps/quick.json --output runs/quick --workers 2",
            {"grid"},
            "grid"};
  }
  std::vector<OptionGroup> groups() override { return {{"sweep", "Sweep", visit_of(options_)}}; }

  int run(Session& session) override {
    const SweepTools tools = make_sweep_tools();
    if (options_.dry_run) {
      const Json plan = sweep_plan(options_, tools, session.context());
      std::printf("%s\n", dump_json(plan, 1).c_str());
      const Json& totals = plan.at("totals");
      session.context().info(dump_json(totals.at("cells")) + " cells: one worker takes " +
                             estimate_line(totals));
      return 0;
    }
    if (options_.output.empty())
      throw Error(ErrorKind::kUsage, "--output must be given; only --dry-run does without", "xlt sweep");
    if (!options_.submit.empty()) {
      std::printf("%s\n", dump_json(submit_sweep(options_, tools, session.context()), 1).c_str());
      return 0;
    }
    const SweepResult result = run_sweep(options_, tools, session.context());
    std::printf("%lld of %lld cells done\n", static_cast<long long>(result.num_done),
                static_cast<long long>(result.num_cells));
    return result.all_done() ? 0 : kSomeCellsFailed;
  }
  void check(Checks& checks) override {
    checks.add("grid " + options_.grid, [&] {
      const Json totals = sweep_plan(options_, make_sweep_tools(), {}).at("totals");
      return dump_json(totals.at("cells")) + " cells";
    });
  }

 private:
  SweepOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_sweep_command() { return std::make_unique<SweepCommand>(); }

}  // namespace xlt::cli
