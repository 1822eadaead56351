// SPDX-License-Identifier: Apache-2.0
// A folder that a command writes as a whole.
#pragma once

#include <string>
#include <vector>

namespace xlt {

// Throws kUsage where `output` is one of `inputs`, a file, or a folder with anything but an earlier result of
// the same command, which `record` (a file's name: "merge.json") shows; `what` names it in the message.
void check_output_folder(const std::string& output, const std::vector<std::string>& inputs,
                         const char* record, const char* what);

}  // namespace xlt
