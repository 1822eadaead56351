// SPDX-License-Identifier: Apache-2.0
// `xlt eval`: benchmarks in every language.
#include "cli/command.h"
#include "cli/estimate_line.h"
#include "cli/ranks.h"
#include "cli/session.h"

#include <cstdio>
#include <cstdlib>

#include "xlt/base/json.h"
#include "xlt/findings/lm_eval.h"
#include "xlt/run/eval_run.h"

namespace xlt::cli {

namespace {

constexpr int kSomeCellsFailed = 4;

class EvalCommand final : public Command {
 public:
  EvalCommand() { options_.sampling.num_samples = 0; }  // with_own_defaults decides, unless it is given
  CommandHelp help() const override {
    return {
        "Bias, toxicity, fluency, diversity and language consistency in every language",
        "xlt eval --model models/gemma --adapter runs/dpo/adapter --benchmarks all --langs all --data data "
        "--output out/after --baseline out/before --lid lid.176.ftz",
        {"output"},
        ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"model", "Model", visit_of(model_)},
            {"eval", "Evaluation", visit_of(options_)},
            {"format", "Report", visit_of(format_)}};
  }
  int run(Session& session) override {
    options_.seed = session.seed();
    if (const char* key = std::getenv("XLT_SCORER_KEY")) options_.scorer_key = key;
    if (options_.dry_run) {
      if (!is_first_of_launch()) return 0;
      const Json estimate = estimate_evaluation_run(model_, options_, session.placement(), session.context());
      std::fprintf(stdout, "%s\n", dump_json(estimate, 1).c_str());
      session.context().info(estimate_line(estimate.at("totals")));
      return 0;
    }
    return run_in_world(session, [&](const Ranked& ranked) { return run_as(ranked, session); });
  }
  std::vector<std::string> required() const override {
    return options_.dry_run ? std::vector<std::string>() : help().required;
  }
  void check(Checks& checks) override {
    for (const std::string& file : options_.completions) check_rows(checks, file, {"completion"});
    check_model(checks, model_.model);
    check_tokenizer(checks, model_.model);
    check_adapter(checks, model_.adapter);
    checks.add("evaluation options", [&] {
      check_eval_options(options_);
      return std::string("benchmarks, languages and folders are there");
    });
  }

 private:
  int run_as(const Ranked& ranked, const Session& session) {
    EvalResult result =
        run_evaluation(model_, options_, session.config(), ranked.where, ranked.context, &ranked.world);
    const int code = result.num_failed > 0 ? kSomeCellsFailed : 0;
    if (!ranked.world.is_first()) return code;
    const std::string table = report_table(*result.report()), summary = report_summary(*result.report());
    std::fprintf(stdout, "%s", table.c_str());
    if (!summary.empty()) std::fprintf(stdout, "\n%s\n", summary.c_str());
    ranked.context.info("wrote " + options_.output + "/report.json");
    if (format_.is_lm_eval()) ranked.context.info("wrote " + write_lm_eval(options_.output).string());
    return code;
  }

  ModelChoice model_;
  EvalOptions options_;
  ReportFormat format_;
};

}  // namespace

std::unique_ptr<Command> make_eval_command() { return std::make_unique<EvalCommand>(); }

}  // namespace xlt::cli
