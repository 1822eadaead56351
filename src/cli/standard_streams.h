// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error that were closed by whoever started the program.
#pragma once

namespace xlt::cli {

// The next file that is opened takes the lowest free number: with standard error closed, log lines would be
// written into somebody's weights. So the three numbers are taken; reading from or writing to one that was
// closed fails as before. Before anything is opened.
void fill_closed_streams();

}  // namespace xlt::cli
