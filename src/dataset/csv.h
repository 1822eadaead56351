// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xlt {

struct CsvRecord {
  std::vector<std::string> cells;
  int64_t line;  // where it begins
};

// Records of a text. Quoted cells may hold commas, newlines and doubled quotes; empty lines are skipped, a
// BOM too.
class CsvReader {
 public:
  // `file` is for messages. Throws kData for invalid UTF-8.
  CsvReader(std::string text, std::string file);
  std::optional<CsvRecord> next();  // throws kData for a quote that is never closed

 private:
  bool take(char wanted);
  std::string cell();
  std::string quoted();

  std::string text_, file_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace xlt
