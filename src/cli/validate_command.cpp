// SPDX-License-Identifier: Apache-2.0
// `xlt validate`: everything about a config that can be known without running it.
#include "cli/command.h"
#include "cli/flag_visitor.h"
#include "cli/hub_names.h"
#include "cli/layered_options.h"
#include "cli/session.h"

#include <algorithm>
#include <cstdio>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/eval/described_data.h"
#include "xlt/eval/description.h"

namespace xlt::cli {

namespace {

struct ValidateOptions {
  std::string file, data;
  void visit(OptionVisitor& v) {
    v.field("file", file,
            "config to look at: {\"command\": \"train\", …options…}; the run.json or report.json of a run, "
            "for its options; a recipe; a grid of xlt sweep; a design of xlt lab; or a benchmark's "
            "description");
    v.field("data", data, "data folder whose files the benchmark's description is tried on");
  }
};

// What a file is for: one with "command" says it, others by keys that nothing else has.
enum class FileKind { kConfig, kRecipe, kDescription, kGrid, kDesign, kUnknown };

FileKind kind_of(const Json& json) {
  if (json.contains("command")) return FileKind::kConfig;
  if (looks_like_description(json)) return FileKind::kDescription;
  if (json.contains("pretraining") || (json.contains("languages") && json.contains("recipes")))
    return FileKind::kDesign;
  if (json.contains("models") || json.contains("recipes")) return FileKind::kGrid;
  return json.contains("options") ? FileKind::kRecipe : FileKind::kUnknown;
}

[[noreturn]] void throw_unknown_kind(const Json& json, const std::string& where) {
  const char* model = json.contains("model_type")
                          ? ". A model's config.json, as this seems to be, is none of these: xlt train "
                            "--model-config takes it"
                          : "";
  throw Error(
      ErrorKind::kConfig,
      str_cat("says no \"command\", and is nothing else that can be validated: a config {\"command\": "
              "\"train\", …options…}, run.json or report.json of a run, a recipe {\"options\"}, a grid "
              "of xlt sweep {\"models\"}, a design of xlt lab {\"languages\", \"pretraining\"}, a "
              "benchmark's description {\"name\", \"kind\", \"file\", \"fields\"}",
              model),
      where);
}

class ValidateCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {
        "Check a config: every option, and every file it names; a grid; a recipe; a benchmark's description",
        "xlt validate configs/dpo.json",
        {"file"},
        "file"};
  }
  std::vector<OptionGroup> groups() override { return {{"validate", "Config", visit_of(options_)}}; }

  bool may_be_cut_short() const override { return true; }
  int run(Session&) override {
    const Json file = load_json(options_.file, ErrorKind::kConfig, /*allow_comments=*/true);
    std::string where = options_.file;
    const Json& json = config_in(file, where);
    Checks checks;
    check_file(json, where, checks);
    for (const Check& check : checks.results())
      std::printf("%-6s %s: %s\n", check.ok ? "ok" : "FAULT", check.what.c_str(), shown(check).c_str());
    return checks.all_ok() ? 0 : exit_code(ErrorKind::kConfig);
  }

 private:
  void check_file(const Json& json, const std::string& where, Checks& checks) const {
    const FileKind kind = kind_of(json);
    if (kind != FileKind::kDescription && !options_.data.empty())
      throw Error(ErrorKind::kUsage, "goes with a benchmark's description; a config names its own data",
                  "--data");
    switch (kind) {
      case FileKind::kConfig:
        return check_config(JsonView(json, where, ErrorKind::kConfig), where, checks);
      case FileKind::kRecipe:
        return check_recipe(checks);
      case FileKind::kDescription:
        return check_benchmark(checks);
      case FileKind::kGrid:
        return check_whole("sweep", where, checks);
      case FileKind::kDesign:
        return check_whole("lab", where, checks);
      case FileKind::kUnknown:
        throw_unknown_kind(json, where);
    }
  }

  // "model DIR" with the fault "DIR: no such folder" says the place once.
  static std::string shown(const Check& check) {
    const std::string place = check.what.substr(check.what.find(' ') + 1) + ": ";
    return check.found.starts_with(place) ? check.found.substr(place.size()) : check.found;
  }

  void check_benchmark(Checks& checks) const {
    const BenchmarkDescription description = read_description(options_.file);
    std::string fields;
    for (const auto& [name, columns] : description.fields) append_item(fields, name);
    checks.add("benchmark " + description.name, [&] {
      return str_cat(description.kind, " of ", options_.data.empty() ? "DATA" : options_.data, "/",
                     description.file, "; fields ", fields);
    });
    if (options_.data.empty()) return;
    const auto languages = described_languages(options_.file, options_.data);
    checks.add("data " + options_.data, [&] {
      if (languages.empty())
        throw Error(ErrorKind::kData, "has no file " + description.file + " of any language", options_.data);
      return str_cat("files of ", languages.size(), languages.size() == 1 ? " language" : " languages");
    });
    for (const std::string& language : languages)
      checks.add("language " + language, [&] {
        return str_cat(check_described_file(options_.file, options_.data, language), " rows");
      });
  }

  // For `xlt train --recipe FILE`, in both of its modes.
  void check_recipe(Checks& checks) const {
    for (const char* mode : {"corrected", "paper"})
      checks.add(str_cat("recipe, ", mode), [&] {
        const auto command = find_entry<Command>(commands(), "command", "train").make();
        auto groups = command->groups();
        set_option(visit_all(groups), "recipe", options_.file);
        set_option(visit_all(groups), "recipe_mode", mode);
        dynamic_cast<LayeredOptions&>(*command).read_recipe_by(groups);
        return std::string("every option is known and in range");
      });
  }

  // A grid or a design is no list of options: its command reads the file by itself.
  static void check_whole(const std::string& name, const std::string& file, Checks& checks) {
    const auto command = find_entry<Command>(commands(), "command", name).make();
    set_option(visit_all(command->groups()), command->help().positional, file);
    command->check(checks);
  }

  // Every part is looked at whatever was found in the others: one run names all faults.
  static void check_config(const JsonView& view, const std::string& where, Checks& checks) {
    const std::string name = view.at("command").as_string();
    const auto names = names_of(commands());
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(ErrorKind::kConfig, unknown_name_message("command", name, names),
                  view.at("command").place());
    const auto command = find_entry<Command>(commands(), "command", name).make();
    const std::string positional = command->help().positional;
    if (positional == "grid" || positional == "design") return check_whole(name, where, checks);
    auto* layered = dynamic_cast<LayeredOptions*>(command.get());
    auto groups = command->groups();
    GlobalOptions global;
    groups.push_back({"global", "Every command", visit_of(global)});
    checks.add("options of `xlt " + name + "`", [&] {
      read_config(view.value(), where, name, groups);
      if (layered && layered->read_recipe_by(groups)) read_config(view.value(), where, name, groups);
      return str_cat(describe_options(visit_all(groups)).size(),
                     " known, every one given is known and in range");
    });
    checks.add("required options", [&] {
      name_as_typed(command->help(), groups, [&] { check_required(name, command->required(), groups); });
      return std::string("all given");
    });
    resolve_hub_names(visit_all(groups));
    command->check(checks);
  }

  ValidateOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_validate_command() { return std::make_unique<ValidateCommand>(); }

}  // namespace xlt::cli
