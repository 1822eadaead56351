// SPDX-License-Identifier: Apache-2.0
// What a person at a terminal is told when a training is over.
#include <cstdio>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/run/train_run.h"

namespace xlt {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (whole >= 3600) return str_cat(whole / 3600, " h ", whole / 60 % 60, " min");
  if (whole >= 60) return str_cat(whole / 60, " min ", whole % 60, " s");
  return str_cat(whole, " s");
}

}  // namespace

std::string after_training(const TrainRunOptions& options, const Json& summary) {
  std::string text = str_cat("Trained ", summary.at("steps").get<int64_t>(), " steps by ",
                             options.trainer.method, " in ", duration(summary.at("seconds").get<double>()),
                             ", loss ", number(summary.at("loss").get<double>()));
  if (summary.at("best_eval_loss").is_number())
    text += str_cat("; kept: step ", summary.at("best_step").get<int64_t>(), ", the lowest evaluation loss, ",
                    number(summary.at("best_eval_loss").get<double>()));
  const bool is_adapter = summary.contains("adapter");
  const std::string saved = summary.at(is_adapter ? "adapter" : "model").get<std::string>();
  const std::string model = is_adapter ? options.model + " --adapter " + saved : saved;
  return str_cat(text, ".\nWhat it did in every language: xlt eval --model ", model, " --data data --output ",
                 options.output, "-eval");
}

}  // namespace xlt
