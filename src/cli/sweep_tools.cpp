// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_tools.h"

#include "cli/command.h"
#include "cli/hub_names.h"
#include "cli/layered_options.h"
#include "cli/session.h"

#include <filesystem>
#include <memory>

namespace xlt::cli {

namespace {

// The command and what its options are set in.
struct OwnedCommand {
  std::unique_ptr<Command> command;
  GlobalOptions global;
};

CommandOptions options_of(const std::string& name) {
  auto owned = std::make_shared<OwnedCommand>();
  owned->command = find_entry<Command>(commands(), "command", name).make();
  std::vector<OptionGroup> groups = owned->command->groups();
  groups.push_back({"global", "Every command", visit_of(owned->global)});
  CommandOptions options{owned, std::move(groups), {}, {}};
  if (auto* layered = dynamic_cast<LayeredOptions*>(owned->command.get())) {
    options.read_recipe = [layered, own = options.groups] { return layered->read_recipe_by(own); };
    options.check = [layered] { layered->check_together(); };
  }
  return options;
}

// What people would start, which stands beside the engine; scripts that a sweep writes name it.
std::filesystem::path own_program() {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const auto front = self.parent_path() / "xlt";
  return std::filesystem::exists(front) ? front : self;
}

}  // namespace

SweepTools make_sweep_tools() {
  return {.binary = own_program(), .options_of = options_of, .resolve_names = resolve_hub_names};
}

}  // namespace xlt::cli
