// SPDX-License-Identifier: Apache-2.0
// Files whose rows are counted: one that is given twice, under whatever name, would make each row two.
//
//   RepeatedFiles files;
//   for (const auto& file : given) files.refuse_repeated(file, read_rows(file));
//
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "xlt/dataset/reader.h"

namespace xlt {

class RepeatedFiles {
 public:
  // Throws kData naming both files where an earlier call had the same rows, in whatever order.
  void refuse_repeated(const std::filesystem::path& file, const std::vector<Row>& rows);

 private:
  std::map<std::string, std::filesystem::path> by_hash_;
};

}  // namespace xlt
