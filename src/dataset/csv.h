// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xlt {

struct CsvRecord {
  std::vector<std::string> cells;
  int64_t line;  // where it begins
};
// Quoted cells may hold commas, newlines and doubled quotes; empty lines are skipped, a BOM too. Throws kData
// for invalid UTF-8 and for a quote that is never closed.
std::vector<CsvRecord> read_csv_records(const std::filesystem::path& file);

}  // namespace xlt
