// SPDX-License-Identifier: Apache-2.0
#include "run/row_files.h"

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/dataset/reader.h"

namespace xlt {

void refuse_same_file(const std::string& input, const std::string& output) {
  std::error_code code;
  if (fs::is_regular_file(output, code) && fs::equivalent(input, output, code))
    throw Error(ErrorKind::kUsage, "--output is also the input; choose another file", output);
}

void visit_input_format(OptionVisitor& v, std::string& format) {
  v.field("input_format", format,
          "how its rows are written; auto: by its extension, a pipe's by its first character",
          one_of(row_format_names()));
}

}  // namespace xlt
