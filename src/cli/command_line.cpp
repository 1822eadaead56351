// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include "cli/flag_visitor.h"
#include "cli/hub_names.h"
#include "cli/interrupt.h"
#include "cli/layered_options.h"
#include "cli/report_errors.h"
#include "cli/session.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>

#include "xlt/base/error.h"
#include "xlt/base/option_hint.h"
#include "xlt/base/version.h"
#include "xlt/lm/runtime.h"

namespace xlt::cli {

namespace {

constexpr const char* kPurpose =
    "xlt: finetune a multilingual language model in English, and measure what happens in every other "
    "language.\n\n"
    "Start with `xlt doctor`, then `xlt train --help` and `xlt eval --help`.";

// A command with its place in the parser.
struct Parsed {
  std::string name;
  std::unique_ptr<Command> command;
  CommandHelp help;
  std::vector<OptionGroup> groups;
  CLI::App* app = nullptr;
  std::unique_ptr<Flags> flags;
  CLI::Option *config = nullptr, *set = nullptr;
};

constexpr const char* kCommonTitle = "Every command";
constexpr const char* kHelpHelp = "print this and exit";
constexpr const char* kVersionHelp = "print the version and exit";

void add_config_flags(Parsed& parsed) {
  const auto keep = [](const CLI::results_t&) { return true; };
  parsed.config = parsed.app->add_option(
      "--config", keep, "JSON file of options (comments allowed); flags and --set win over it");
  parsed.config->type_name("FILE")->type_size(1)->take_last()->group(kCommonTitle);
  parsed.set =
      parsed.app->add_option("--set", keep, "set one option by its name in config files; may be repeated");
  parsed.set->type_name("KEY=VALUE")->type_size(1)->expected(1)->take_all()->group(kCommonTitle);
}

Parsed add_command(CLI::App& app, const Entry<Command>& entry, GlobalOptions& global) {
  Parsed parsed;
  parsed.name = entry.name;
  parsed.command = entry.make();
  parsed.help = parsed.command->help();
  parsed.groups = parsed.command->groups();
  parsed.app =
      app.add_subcommand(entry.name, parsed.help.purpose + ".\n\nExample:\n  " + parsed.help.example + "\n");
  parsed.app->allow_extras();
  parsed.app->set_help_flag();  // the inherited one; help shows groups in the order they are made
  parsed.flags = std::make_unique<Flags>(*parsed.app);
  for (const auto& group : parsed.groups) parsed.flags->add(group, parsed.help);
  parsed.groups.push_back({"global", kCommonTitle, visit_of(global)});
  parsed.flags->add(parsed.groups.back(), parsed.help);
  add_config_flags(parsed);
  parsed.app->set_help_flag("-h,--help", kHelpHelp)->group(kCommonTitle);
  parsed.app->set_version_flag("--version", version_text(), kVersionHelp)->group(kCommonTitle);
  return parsed;
}

// What the parser could not place, with what it may have been meant for.
[[noreturn]] void throw_unexpected(const Parsed& parsed, const std::string& argument) {
  const std::string where = "xlt " + parsed.name;
  if (!argument.starts_with("-"))
    throw Error(ErrorKind::kUsage, "unexpected argument \"" + argument + "\"; see `" + where + " --help`",
                where);
  auto names = parsed.flags->names();
  names.insert(names.end(), {"--config", "--set", "--help", "--version"});
  const std::string flag = argument.substr(0, argument.find('='));
  const std::string hint = option_hint(flag, names);
  throw Error(
      ErrorKind::kUsage,
      str_cat("unknown option \"", flag, "\"; ", hint, hint.empty() ? "" : " ", "see `", where, " --help`"),
      where);
}

[[noreturn]] void throw_no_command(const std::vector<std::string>& extras) {
  const std::string see = "; see `xlt --help`";
  if (extras.empty()) throw Error(ErrorKind::kUsage, "no command given" + see);
  const std::string& first = extras.front();
  if (const std::string near = nearest_name(first, {"--help", "--version"}); !near.empty())
    throw Error(ErrorKind::kUsage, "unknown option \"" + first + "\"; did you mean \"" + near + "\"?" + see);
  if (first.starts_with("-"))
    throw Error(
        ErrorKind::kUsage,
        "option \"" + first + "\" before a command; options follow the command: xlt COMMAND " + first);
  throw Error(ErrorKind::kUsage, unknown_name_message("command", first, names_of(commands())) + see);
}

// Help lists what a command is for; the example is for its own page.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string description = command->get_description();
    std::string line = "  " + command->get_name();
    line.append(line.size() < 13 ? 13 - line.size() : 1, ' ');
    return line + description.substr(0, description.find(".\n")) + "\n";
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const bool is_command = app->get_parent() != nullptr;
    if (!is_command) return "\nUsage: xlt COMMAND [OPTIONS]\n";
    return "Usage: xlt " + app->get_name() + usages_.at(app->get_name()) + " [OPTIONS]\n";
  }
  // Columns are counted in bytes there, of which an ellipsis has three.
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    constexpr std::string_view kEllipsis = "…";
    std::string text = CLI::Formatter::make_option(option, is_positional);
    const std::string left = make_option_name(option, is_positional) + make_option_opts(option);
    const size_t at = text.find(left);
    if (at == std::string::npos || at + left.size() >= text.size() || text[at + left.size()] != ' ')
      return text;
    size_t narrower = 0;
    for (size_t i = left.find(kEllipsis); i != std::string::npos; i = left.find(kEllipsis, i + 1))
      narrower += kEllipsis.size() - 1;
    return text.insert(at + left.size(), narrower, ' ');
  }
  // An argument that is also an option is listed once, as an option.
  std::string make_positionals(const CLI::App*) const override { return {}; }
  // What stands between a command's name and its options: nothing, "FILE", "[KIND]" where it may be left out.
  void add_usage(const Parsed& parsed) {
    const std::string& positional = parsed.help.positional;
    const auto& required = parsed.help.required;
    std::string text = positional_name(parsed.help, parsed.groups);
    if (!text.empty() && std::find(required.begin(), required.end(), positional) == required.end())
      text = "[" + text + "]";
    usages_[parsed.name] = text.empty() ? "" : " " + text;
  }

 private:
  std::map<std::string, std::string> usages_;
};

GivenOptions collect(const Parsed& parsed) {
  GivenOptions given;
  if (parsed.config->count() > 0) given.config_file = parsed.config->results().back();
  given.set = parsed.set->results();
  given.flags = parsed.flags->given();
  return given;
}

// What was printed may still lie in a buffer, and the disk be full.
void check_stdout() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) || !std::cout)
    throw Error(ErrorKind::kIo, "could not be written; is the disk full?", "standard output");
}

// Relative paths lead nowhere in a folder that is gone, and each would fail in its own way.
void check_working_folder() {
  std::error_code code;
  static_cast<void>(std::filesystem::current_path(code));
  if (code)
    throw Error(ErrorKind::kIo, "it is not there any more; change to one that is (" + code.message() + ")",
                "working folder");
}

// What stands before a command's work: options from everywhere, checked.
void resolve(Parsed& parsed) {
  if (const auto extras = parsed.app->remaining(); !extras.empty()) throw_unexpected(parsed, extras.front());
  check_working_folder();
  const GivenOptions given = collect(parsed);
  name_as_typed(parsed.help, parsed.groups, [&] {
    resolve_options(parsed.name, parsed.groups, given);
    auto* layered = dynamic_cast<LayeredOptions*>(parsed.command.get());
    if (layered && layered->read_recipe_by(parsed.groups)) resolve_options(parsed.name, parsed.groups, given);
    resolve_hub_names(visit_all(parsed.groups));
    resolve_standard_input(visit_all(parsed.groups));
    check_required(parsed.name, parsed.command->required(), parsed.groups);
  });
}

int run_command(Parsed& parsed, const GlobalOptions& global) {
  try {
    resolve(parsed);
  } catch (const Error& error) {
    parsed.command->tell_ranks(error);
    throw;
  }
  check_torch_version();
  keep_freed_memory();
  const bool draws = stderr_is_terminal() && !global.quiet;
  Terminal terminal(global.level(), draws ? ProgressForm::kBar : ProgressForm::kLines);
  if (const std::string note = choose_threads(global.threads); !note.empty())
    terminal.write(LogLevel::kWarning, note);
  Json config = {{"command", parsed.name}};
  config.update(dump_options(visit_all(parsed.groups)));
  const std::string output = config.value("output", "");
  Session session(global, std::move(config), Context{&terminal, &terminal, &catch_interrupts()});
  std::optional<InterruptDeadline> deadline;
  if (parsed.command->may_be_cut_short()) deadline.emplace(output);
  const int code = parsed.command->run(session);
  check_stdout();
  return code;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  check_stdout();
}

// The parser with all commands in it.
struct CommandLine {
  CommandLine() : app(kPurpose) {
    app.name("xlt");
    const auto formatter = std::make_shared<HelpFormatter>();
    app.formatter(formatter);
    app.get_formatter()->column_width(34);
    app.set_help_flag("-h,--help", kHelpHelp);
    app.set_version_flag("--version", version_text(), kVersionHelp);
    app.allow_extras();
    app.require_subcommand(0, 1);  // else a folder called "compare" would be taken for one
    for (const auto& entry : commands()) {
      all.push_back(add_command(app, entry, global));
      formatter->add_usage(all.back());
    }
  }

  CLI::App app;
  GlobalOptions global;
  std::vector<Parsed> all;
};

}  // namespace

std::string version_text() {
  return str_cat("xlt ", version(), " (commit ", build_commit(), build_dirty() ? ", uncommitted changes" : "",
                 "; libtorch ", build_torch_version(), ")");
}

std::string help_page(const std::string& command) {
  CommandLine line;
  if (command.empty()) return line.app.help();
  find_entry<Command>(commands(), "command", command);  // throws, naming the nearest
  return line.app.get_subcommand(command)->help();
}

int print_page(std::string_view text) {
  try {
    print(text);
    return 0;
  } catch (const Error&) {
    return report_current_error();
  }
}

int run_command_line(int argc, char** argv) {
  if (argc > 1 && argv[1] == std::string_view("help")) {  // as other tools have it
    print(help_page(argc > 2 ? argv[2] : ""));
    return 0;
  }
  if (argc > 1 && argv[1][0] != '-') {  // before help is printed of something else: `xlt trian --help`
    const auto names = names_of(commands());
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) throw_no_command({argv[1]});
  }
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      const Error wrong(ErrorKind::kUsage, std::string(error.what()) + "; see `xlt --help`");
      for (const auto& parsed : line.all)
        if (argc > 1 && parsed.name == argv[1]) parsed.command->tell_ranks(wrong);
      throw wrong;
    }
    const int code = line.app.exit(error);  // help or version, on stdout
    check_stdout();
    return code;
  }
  // What stands before the command would otherwise be passed over in silence.
  if (!line.app.remaining(/*recurse=*/false).empty()) throw_no_command(line.app.remaining());
  for (auto& parsed : line.all)
    if (parsed.app->parsed()) return run_command(parsed, line.global);
  throw_no_command({});
}

}  // namespace xlt::cli
