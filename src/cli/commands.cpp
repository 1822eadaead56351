// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

namespace xlt::cli {

namespace {
constexpr Entry<Command> kCommands[] = {
#define X(name) {#name, make_##name##_command},
#include "cli/commands.def"
#undef X
};
}  // namespace

std::span<const Entry<Command>> commands() { return kCommands; }

}  // namespace xlt::cli
