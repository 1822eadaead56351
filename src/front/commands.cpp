// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

namespace xlt::cli {

#define XLT_ROWS "front/commands.def"
#define XLT_THING Command
#define XLT_MAKER command
#define XLT_LIST rows
#include "xlt/base/expand_table.h"

std::span<const Entry<Command>> commands() { return rows(); }

}  // namespace xlt::cli
