// SPDX-License-Identifier: Apache-2.0
#include "run/output_folder.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

void check_output_folder(const std::string& output, const std::vector<std::string>& inputs,
                         const char* record, const char* what) {
  std::error_code error;
  for (const std::string& input : inputs)
    if (fs::equivalent(input, output, error))
      throw Error(ErrorKind::kUsage, "--output is also an input; choose another folder", output);
  if (fs::exists(output) && !fs::is_directory(output))
    throw Error(ErrorKind::kUsage, "is a file; --output must be a folder", output);
  if (!fs::is_directory(output) || fs::is_empty(output) || fs::exists(fs::path(output) / record)) return;
  throw Error(
      ErrorKind::kUsage,
      str_cat("the folder is not empty and holds no earlier ", what, "; choose another --output or empty it"),
      output);
}

}  // namespace xlt
