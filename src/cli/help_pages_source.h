// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace xlt::cli {

// Prints help of every command as the source of the front's table of pages (src/front/help_pages.h), for the
// build. Returns the exit code.
int print_help_pages();

}  // namespace xlt::cli
