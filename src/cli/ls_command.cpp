// SPDX-License-Identifier: Apache-2.0
// `xlt ls`: what can be named on the command line.
#include "cli/command.h"
#include "cli/session.h"

#include <algorithm>
#include <cstdio>

#include "xlt/base/described.h"
#include "xlt/base/join.h"
#include "xlt/base/language.h"
#include "xlt/base/quirk.h"
#include "xlt/dataset/presets.h"
#include "xlt/dataset/record.h"
#include "xlt/eval/benchmark.h"
#include "xlt/eval/description.h"
#include "xlt/eval/metric_list.h"
#include "xlt/models/described.h"
#include "xlt/run/bench.h"
#include "xlt/run/recipe.h"
#include "xlt/scorers/described.h"
#include "xlt/text/chat_template.h"
#include "xlt/train/described.h"

namespace xlt::cli {

namespace {

using Rows = std::vector<Described>;
constexpr size_t kNarrow = 14, kWide = 26;  // columns of the names, at least and at most

Rows languages() {
  Rows rows;
  for (const auto& language : known_languages())
    rows.push_back({language.tag, str_cat(language.name, ", ", language.script)});
  return rows;
}

Rows command_rows() {
  Rows rows;
  for (const auto& entry : commands()) rows.push_back({entry.name, entry.make()->help().purpose});
  return rows;
}

Rows benchmark_rows() {
  Rows rows;
  for (const auto& entry : benchmarks()) rows.push_back({entry.name, entry.make()->description()});
  rows.push_back({"FILE.json", "one of your own, by description: kinds " + join(description_kinds()) +
                                   " (configs/benchmarks)"});
  return rows;
}

Rows chat_template_rows() {
  Rows rows;
  for (const std::string& name : chat_format_names()) rows.push_back({name, describe_chat_format(name)});
  return rows;
}

// Each with what either scoring does about it; lines below the first stand under it.
Rows quirk_rows() {
  const std::string below = "\n" + std::string(kNarrow + 1, ' ');
  Rows rows;
  for (const Quirk& quirk : quirks())
    rows.push_back({quirk.id, str_cat(quirk.what, below, "paper:     ", quirk.paper, below,
                                      "corrected: ", quirk.corrected, below, describe_state(quirk),
                                      quirk.is_reproduced() ? "; shown by " : ": ", quirk.reason)});
  return rows;
}

Rows metric_rows() {
  Rows rows;
  for (const ListedMetric& metric : metric_list())
    rows.push_back({metric.spec.name, describe_metric(metric)});
  return rows;
}

Rows preset_rows() {
  Rows rows;
  for (const std::string& name : preset_names()) rows.push_back({name, preset_files(name)});
  return rows;
}

Rows recipe_rows() {
  Rows rows;
  for (const auto& [name, description] : recipes()) rows.push_back({name, description});
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
    {"encoders", "encoder architectures, for --scorer classifier:DIR and xlt embed", described_encoders},
    {"families", "model architectures that load (model_type of config.json)", described_decoders},
    {"languages", "languages by BCP-47 tag", languages},
    {"methods", "training methods, for xlt train --method", described_methods},
    {"metrics", "what the benchmarks measure, and which way is better", metric_rows},
    {"optimizers", "for xlt train --optimizer", described_optimizers},
    {"presets", "published data sets, for xlt train --data PRESET=FILE", preset_rows},
    {"quirks", "what the published code does unexpectedly, and what xlt does about it", quirk_rows},
    {"recipes", "the study's recipes, for xlt train --recipe", recipe_rows},
    {"schedules", "courses of the learning rate, for xlt train --lr-schedule", described_schedules},
    {"scorers", "what judges completions, for --scorer", described_scorers},
    {"seq2seq", "encoder-decoder architectures, for xlt score of continuations", described_encoder_decoders},
    {"works", "what is timed, for xlt bench --work", bench_works},
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
      if (options_.kind.empty()) rows.push_back({kind.name, kind.purpose});
      if (options_.kind == kind.name) rows = kind.list();
    }
    if (rows.empty()) throw_unknown_name("kind", options_.kind, kind_names());
    size_t width = kNarrow;
    for (const Described& row : rows) width = std::max(width, std::min(row.name.size(), kWide));
    for (const auto& [name, what] : rows)
      std::printf("%-*s %s\n", static_cast<int>(width), name.c_str(), what.c_str());
    return 0;
  }

 private:
  LsOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_ls_command() { return std::make_unique<LsCommand>(); }

}  // namespace xlt::cli
