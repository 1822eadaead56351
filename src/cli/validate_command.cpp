// SPDX-License-Identifier: Apache-2.0
// `xlt validate`: everything about a config that can be known without running it.
#include "cli/command.h"
#include "cli/hub_names.h"
#include "cli/session.h"

#include <algorithm>
#include <cstdio>

#include "xlt/base/file.h"
#include "xlt/eval/description.h"

namespace xlt::cli {

namespace {

struct ValidateOptions {
  std::string file;
  void visit(OptionVisitor& v) {
    v.field("file", file,
            "config to look at: {\"command\": \"train\", …options…}, or a benchmark's description");
  }
};

class ValidateCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Check a config: every option, and every file it names; or the description of a benchmark",
            "xlt validate configs/dpo.json",
            {"file"},
            "file"};
  }
  std::vector<OptionGroup> groups() override { return {{"validate", "Config", visit_of(options_)}}; }

  bool may_be_cut_short() const override { return true; }
  int run(Session&) override {
    const Json config = load_json(options_.file, ErrorKind::kConfig, /*allow_comments=*/true);
    const JsonView view(config, options_.file, ErrorKind::kConfig);
    if (!view.has("command") && view.has("kind")) return check_benchmark();
    const std::string name = view.at("command").as_string();
    const auto names = names_of(commands());
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(ErrorKind::kConfig, unknown_name_message("command", name, names),
                  view.at("command").place());
    Checks checks;
    const auto command = find_entry<Command>(commands(), "command", name).make();
    check_options(config, name, *command, checks);
    if (checks.all_ok()) command->check(checks);
    for (const Check& check : checks.results())
      std::printf("%-6s %s: %s\n", check.ok ? "ok" : "FAULT", check.what.c_str(), check.found.c_str());
    return checks.all_ok() ? 0 : exit_code(ErrorKind::kConfig);
  }

 private:
  // A description for `xlt eval --benchmarks FILE.json`. Its data files are those of --data, which is not
  // known here.
  int check_benchmark() const {
    const BenchmarkDescription description = read_description(options_.file);
    std::string fields;
    for (const auto& [name, columns] : description.fields) fields += (fields.empty() ? "" : ", ") + name;
    std::printf("ok     benchmark %s: %s of DATA/%s; fields %s\n", description.name.c_str(),
                description.kind.c_str(), description.file.c_str(), fields.c_str());
    return 0;
  }

  void check_options(const Json& config, const std::string& name, Command& command, Checks& checks) {
    auto groups = command.groups();
    GlobalOptions global;
    groups.push_back({"global", "Every command", visit_of(global)});
    checks.add("options of `xlt " + name + "`", [&] {
      read_config(config, options_.file, name, groups);
      check_required(name, command.help().required, groups);
      resolve_hub_names(visit_all(groups));
      return str_cat(describe_options(visit_all(groups)).size(),
                     " known, every one given is known and in range");
    });
  }
  ValidateOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_validate_command() { return std::make_unique<ValidateCommand>(); }

}  // namespace xlt::cli
