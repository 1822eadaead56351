// SPDX-License-Identifier: Apache-2.0
// What `xlt eval` is, whoever runs it: the engine with a model, or without one the front.
#pragma once

#include "cli/command.h"
#include "cli/device_map_option.h"

#include "xlt/eval/evaluate.h"
#include "xlt/findings/lm_eval.h"
#include "xlt/run/model_choice.h"

namespace xlt::cli {

class EvaluatingCommand : public Command {
 public:
  EvaluatingCommand() { options_.sampling.num_samples = 0; }  // with_own_defaults decides, unless it is given
  CommandHelp help() const override;
  std::vector<OptionGroup> groups() override;
  std::vector<std::string> required() const override;

 protected:
  // What options hold that stands elsewhere: the seed, the key of a server.
  void take_from(const Session& session);
  static int exit_code_of(const EvalResult& result);
  // Prints what was found, and returns the exit code.
  int tell(EvalResult& result, const Context& context) const;

  ModelChoice model_;
  DeviceMapOption device_map_;
  EvalOptions options_;
  ReportFormat format_;
};

}  // namespace xlt::cli
