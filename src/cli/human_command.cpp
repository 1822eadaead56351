// SPDX-License-Identifier: Apache-2.0
// `xlt human export` and `xlt human import`: what people say of the completions.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/findings/human.h"

namespace xlt::cli {

namespace {

class HumanCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Have people judge completions: export a blinded form, import their ratings",
            "xlt human export out/before out/after --mode both --output out/human\n"
            "  xlt human import out/human --ratings anna.csv,ben.csv --output out/human.json",
            {"words", "output"},
            "words",
            "export DIR… | import DIR --ratings F.csv"};
  }
  std::vector<OptionGroup> groups() override { return {{"human", "Human judgement", visit_of(options_)}}; }
  std::vector<std::string> required() const override {
    if (options_.words.empty()) check_human_options(options_);  // throws, naming both of its verbs
    return help().required;
  }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    options_.seed = session.seed();
    check_human_options(options_);
    return options_.is_export() ? export_form(session) : import_them(session);
  }
  void check(Checks& checks) override {
    checks.add("options of xlt human", [&] {
      check_human_options(options_);
      return std::string("what is asked for can be done");
    });
  }

 private:
  int export_form(Session& session) {
    const Json made = export_for_humans(options_, session.context());
    for (const auto& [language, counts] : made.at("counts").items())
      for (const auto& [arm, count] : counts.items())
        std::printf("%s  %s  %s\n", language.c_str(), arm.c_str(), dump_json(count).c_str());
    session.context().info("wrote " + options_.output + "/form.html, items.csv and codebook.md for raters, " +
                           "key.json and export.json not for them");
    return 0;
  }
  int import_them(Session& session) {
    check_output();
    const Json found = import_ratings(options_, session.context());
    const std::filesystem::path parent = std::filesystem::path(options_.output).parent_path();
    if (!parent.empty()) make_folders(parent);
    write_file(options_.output, dump_json(found, 1) + "\n");
    for (const Json& note : found.at("notes")) session.context().warn(note.get<std::string>());
    std::fputs(human_table(found).c_str(), stdout);
    session.context().info("wrote " + options_.output + "; xlt report takes it too");
    return 0;
  }

  // Throws kUsage where the output would take the place of what is read.
  void check_output() const {
    std::vector<std::filesystem::path> inputs(options_.ratings.begin(), options_.ratings.end());
    for (const char* name : {"key.json", "export.json", "items.csv"})
      inputs.push_back(std::filesystem::path(options_.words.back()) / name);
    std::error_code ignored;
    for (const auto& input : inputs)
      if (std::filesystem::equivalent(input, options_.output, ignored))
        throw Error(ErrorKind::kUsage, "is read here too; choose another --output", options_.output);
  }

  HumanOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_human_command() { return std::make_unique<HumanCommand>(); }

}  // namespace xlt::cli
