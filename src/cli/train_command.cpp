// SPDX-License-Identifier: Apache-2.0
// `xlt train`: finetune a model, or train one from scratch.
#include "cli/command.h"
#include "cli/device_map_option.h"
#include "cli/layered_options.h"
#include "cli/ranks.h"
#include "cli/session.h"
#include "cli/terminal.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/run/recipe.h"
#include "xlt/run/train_run.h"
#include "xlt/run/training_checks.h"

namespace xlt::cli {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// xlt/references in the user's cache (XDG Base Directory Specification 0.8); "none" where there is no such
// place that can be written to.
std::string user_cache(const Context& context) {
  fs::path cache = environment("XDG_CACHE_HOME");
  if (!cache.is_absolute() && !environment("HOME").empty()) cache = fs::path(environment("HOME")) / ".cache";
  if (!cache.is_absolute()) return "none";
  cache = cache / "xlt" / "references";
  fs::path there = cache;  // it, or the folder that it would be made in
  while (!fs::exists(there) && there.has_relative_path()) there = there.parent_path();
  if (fs::is_directory(there) && ::access(there.c_str(), W_OK) == 0) return cache.string();
  context.debug(cache.string() +
                " cannot be written to; log-probs of the reference model are kept in the run");
  return "none";
}

class TrainCommand final : public Command, public LayeredOptions {
 public:
  // What is minimised nobody should get by forgetting to say it.
  TrainCommand() { options_.trainer.method.clear(); }
  CommandHelp help() const override {
    return {"Finetune a model on texts (sft) or preference pairs (dpo), by default through a LoRA adapter",
            "xlt train --method dpo --model models/gemma --data pairs.jsonl --output runs/dpo "
            "--learning-rate 3e-5",
            {"method", "data", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override {
    std::vector<OptionGroup> groups = {
        {"run", "Model, data and output",
         [this](OptionVisitor& v) { options_.visit(v), device_map_.visit(v); }},
        {"adapter", "Adapter", visit_of(options_.adapter)},
        {"training", "Training", visit_of(options_.trainer)},
        {"watch", "Looking on at each evaluation", visit_of(options_.watch)}};
    for (MethodOptions::Group& group : options_.trainer.method_options.groups())
      groups.push_back({"training", "Only for " + join(group.methods), std::move(group.visit)});
    groups.push_back({"fields", "Names of the data's fields", visit_of(options_.fields)});
    return groups;
  }
  bool read_recipe_by(const std::vector<OptionGroup>& groups) override {
    read_recipe(options_, groups);
    return !options_.recipe.empty();
  }
  int run(Session& session) override {
    if (options_.reference_cache == "auto") options_.reference_cache = user_cache(session.context());
    if (options_.dry_run) {
      if (!is_first_of_launch()) return 0;
      options_.devices = device_map_.devices(session.options());
      print(dry_run_training(options_, options_.devices.front(), session.seed(), session.config(),
                             session.context()));
      return 0;
    }
    return run_in_world(session, device_map_, [&](const Ranked& ranked) { return run_as(ranked, session); });
  }
  void tell_ranks(const Error& error) const override { tell_ranks_of(error); }
  void check(Checks& checks) override { check_training(options_, checks); }
  std::vector<std::string> required() const override {
    if (options_.data.empty()) refuse_recipe_without_data(options_.recipe);
    if (options_.dry_run) return {"method", "data"};
    return help().required;
  }
  void check_together() const override { check_training_options(options_); }

 private:
  int run_as(const Ranked& ranked, const Session& session) {
    options_.devices = ranked.devices;
    const Json result = run_training(options_, ranked.devices.front(), session.seed(), session.config(),
                                     ranked.context, &ranked.world);
    if (!ranked.world.is_first()) return 0;
    print(result);
    if (stderr_is_terminal() && !session.options().quiet) say_what_next(result);
    return 0;
  }
  static void print(const Json& result) { std::printf("%s\n", dump_json(result).c_str()); }
  // For who sits there; a script reads the summary.
  void say_what_next(const Json& summary) const {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", after_training(options_, summary).c_str());
  }
  TrainRunOptions options_;
  DeviceMapOption device_map_;
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace xlt::cli
