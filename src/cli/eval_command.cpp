// SPDX-License-Identifier: Apache-2.0
// `xlt eval`: benchmarks in every language.
#include "cli/estimate_line.h"
#include "cli/evaluating_command.h"
#include "cli/ranks.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/base/json.h"
#include "xlt/run/eval_run.h"
#include "xlt/run/evaluation.h"

namespace xlt::cli {

namespace {

class EvalCommand final : public EvaluatingCommand {
 public:
  int run(Session& session) override {
    take_from(session);
    if (options_.dry_run) {
      if (!is_first_of_launch()) return 0;
      model_.devices = device_map_.devices(session.options());
      const Json estimate =
          estimate_evaluation_run(model_, options_, model_.devices.front(), session.context());
      std::fprintf(stdout, "%s\n", dump_json(estimate, 1).c_str());
      session.context().info(estimate_line(estimate.at("totals")));
      return 0;
    }
    return run_in_world(session, device_map_, [&](const Ranked& ranked) { return run_as(ranked, session); });
  }
  void tell_ranks(const Error& error) const override { tell_ranks_of(error); }
  void check(Checks& checks) override {
    for (const std::string& file : options_.completions) check_rows(checks, file, {"completion", "text"});
    check_model(checks, model_.model);
    check_tokenizer(checks, model_.model);
    check_adapter(checks, model_.adapter);
    check_quantization(checks, model_.quantize, model_.model);
    checks.add("evaluation options", [&] {
      if (!options_.completions.empty()) check_what_is_judged(model_, options_);
      check_eval_options(options_);
      return std::string("benchmarks, languages and folders are there");
    });
  }

 private:
  int run_as(const Ranked& ranked, const Session& session) {
    model_.devices = ranked.devices;
    EvalResult result = run_evaluation(model_, options_, session.config(), ranked.devices.front(),
                                       ranked.context, &ranked.world);
    return ranked.world.is_first() ? tell(result, ranked.context) : exit_code_of(result);
  }
};

}  // namespace

std::unique_ptr<Command> make_eval_command() { return std::make_unique<EvalCommand>(); }

}  // namespace xlt::cli
