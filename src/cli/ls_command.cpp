// SPDX-License-Identifier: Apache-2.0
// `xlt ls`: what can be named on the command line.
#include "cli/command.h"
#include "cli/session.h"

#include <algorithm>
#include <cstdio>

#include "xlt/base/language.h"
#include "xlt/base/quirk.h"
#include "xlt/dataset/record.h"
#include "xlt/eval/benchmark.h"
#include "xlt/eval/description.h"
#include "xlt/eval/evaluate.h"
#include "xlt/models/decoder.h"
#include "xlt/models/encoder.h"
#include "xlt/models/encoder_decoder.h"
#include "xlt/run/recipe.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/chat_template.h"
#include "xlt/train/trainer.h"

namespace xlt::cli {

namespace {

// A name, and what people call it (may be empty).
using Rows = std::vector<std::pair<std::string, std::string>>;

Rows rows_of(const std::vector<std::string>& names) {
  Rows rows;
  for (const auto& name : names) rows.emplace_back(name, "");
  return rows;
}

Rows languages() {
  Rows rows;
  for (const auto& language : known_languages())
    rows.emplace_back(language.tag, str_cat(language.name, ", ", language.script));
  return rows;
}

Rows command_rows() {
  Rows rows;
  for (const auto& entry : commands()) rows.emplace_back(entry.name, entry.make()->help().purpose);
  return rows;
}

Rows benchmark_rows() {
  Rows rows;
  for (const auto& entry : benchmarks()) rows.emplace_back(entry.name, entry.make()->description());
  std::string kinds;
  for (const std::string& kind : description_kinds()) kinds += (kinds.empty() ? "" : ", ") + kind;
  rows.emplace_back("FILE.json", "one of your own, by description: kinds " + kinds + " (configs/benchmarks)");
  return rows;
}

Rows chat_template_rows() {
  Rows rows;
  for (const std::string& name : chat_format_names()) rows.emplace_back(name, describe_chat_format(name));
  return rows;
}

// Each with what either scoring does about it; lines below the first stand under it.
Rows quirk_rows() {
  const std::string below = "\n" + std::string(15, ' ');
  Rows rows;
  for (const Quirk& quirk : quirks())
    rows.emplace_back(quirk.id, str_cat(quirk.what, below, "paper:     ", quirk.paper, below,
                                        "corrected: ", quirk.corrected, below, describe_state(quirk),
                                        quirk.is_reproduced() ? "; shown by " : ": ", quirk.reason));
  return rows;
}

// The values a training option takes, as its own check names them.
Rows values_of(const std::string& name) {
  TrainerOptions trainer;
  std::string list;
  for (const auto& option : describe_options(visit_of(trainer)))
    if (option.name == name) list = option.check;
  Rows rows;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(", ", begin), list.size());
    rows.emplace_back(list.substr(begin, end - begin), "");
    begin = end + 2;
  }
  return rows;
}

struct Kind {
  const char *name, *purpose;
  Rows (*list)();
};
constexpr Kind kKinds[] = {
    {"benchmarks", "for xlt eval --benchmarks", benchmark_rows},
    {"chat-templates", "for --chat-template, beside auto, none and Jinja files", chat_template_rows},
    {"commands", "what xlt does", command_rows},
    {"encoders", "encoder architectures, for --scorer classifier:DIR and xlt embed",
     [] { return rows_of(encoder_names()); }},
    {"families", "model architectures that load (model_type of config.json)",
     [] { return rows_of(family_names()); }},
    {"languages", "languages by BCP-47 tag", languages},
    {"methods", "training methods, for xlt train --method", [] { return rows_of(method_names()); }},
    {"optimizers", "for xlt train --optimizer", [] { return values_of("optimizer"); }},
    {"presets", "published data sets, for xlt train --data PRESET=FILE",
     [] { return rows_of(preset_names()); }},
    {"quirks", "what the published code does unexpectedly, and what xlt does about it", quirk_rows},
    {"recipes", "the study's recipes, for xlt train --recipe", recipes},
    {"schedules", "courses of the learning rate, for xlt train --lr-schedule",
     [] { return values_of("lr_schedule"); }},
    {"scorers", "what toxicity is scored by", [] { return rows_of(scorer_names()); }},
    {"seq2seq", "encoder-decoder architectures, for xlt score of continuations",
     [] { return rows_of(encoder_decoder_names()); }},
};

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

struct LsOptions {
  std::string kind;
  void visit(OptionVisitor& v) { v.field("kind", kind, "what to list; empty: the kinds there are"); }
};

class LsCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"List what can be named: methods, benchmarks, languages and so on", "xlt ls methods", {}, "kind"};
  }
  std::vector<OptionGroup> groups() override { return {{"ls", "What to list", visit_of(options_)}}; }
  bool may_be_cut_short() const override { return true; }
  int run(Session&) override {
    Rows rows;
    for (const Kind& kind : kKinds) {
      if (options_.kind.empty()) rows.emplace_back(kind.name, kind.purpose);
      if (options_.kind == kind.name) rows = kind.list();
    }
    if (rows.empty()) throw_unknown_name("kind", options_.kind, kind_names());
    for (const auto& [name, purpose] : rows)
      if (purpose.empty())
        std::printf("%s\n", name.c_str());
      else
        std::printf("%-14s %s\n", name.c_str(), purpose.c_str());
    return 0;
  }

 private:
  LsOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_ls_command() { return std::make_unique<LsCommand>(); }

}  // namespace xlt::cli
