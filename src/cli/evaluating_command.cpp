// SPDX-License-Identifier: Apache-2.0
#include "cli/evaluating_command.h"

#include "cli/session.h"

#include <cstdio>
#include <cstdlib>

#include "xlt/base/json.h"

namespace xlt::cli {

CommandHelp EvaluatingCommand::help() const {
  return {"Bias, toxicity, fluency, diversity and language consistency in every language",
          "xlt eval --model models/gemma --adapter runs/dpo/adapter --benchmarks all --langs all --data data "
          "--output out/after --baseline out/before --lid lid.176.ftz",
          {"output"},
          ""};
}

std::vector<OptionGroup> EvaluatingCommand::groups() {
  return {{"model", "Model", [this](OptionVisitor& v) { model_.visit(v), device_map_.visit(v); }},
          {"eval", "Evaluation", visit_of(options_)},
          {"format", "Report", visit_of(format_)}};
}

std::vector<std::string> EvaluatingCommand::required() const {
  return options_.dry_run ? std::vector<std::string>() : help().required;
}

void EvaluatingCommand::take_from(const Session& session) {
  options_.seed = session.seed();
  if (const char* key = std::getenv("XLT_SCORER_KEY")) options_.scorer_key = key;
}

int EvaluatingCommand::exit_code_of(const EvalResult& result) {
  return result.num_failed > 0 ? kSomeCellsFailed : 0;
}

int EvaluatingCommand::tell(EvalResult& result, const Context& context) const {
  const std::string table = report_table(*result.report()), summary = report_summary(*result.report());
  std::fprintf(stdout, "%s", table.c_str());
  if (!summary.empty()) std::fprintf(stdout, "\n%s\n", summary.c_str());
  context.info("wrote " + options_.output + "/report.json");
  if (format_.is_lm_eval()) context.info("wrote " + write_lm_eval(options_.output).string());
  return exit_code_of(result);
}

}  // namespace xlt::cli
