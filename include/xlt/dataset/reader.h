// SPDX-License-Identifier: Apache-2.0
// Rows of the data files people have: JSONL, CSV, TSV. A row keeps where it stood, so an error can say so.
//
//   for (const Row& row : read_rows("pairs.jsonl")) row.text("prompt");     // throws "pairs.jsonl:3: no
//   field "prompt"; has: …"
//
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

class Row {
 public:
  Row(Json fields, std::string place);
  Row(const Row&);
  Row(Row&&) noexcept;
  Row& operator=(const Row&);
  Row& operator=(Row&&) noexcept;
  ~Row();
  const Json& fields() const { return *fields_; }
  const std::string& place() const { return place_; }  // "file.jsonl:17"
  bool has(std::string_view field) const;
  // A text field; throws kData naming place, field and the nearest field that is there.
  std::string text(std::string_view field) const;
  std::optional<std::string> text_if_present(std::string_view field) const;

 private:
  std::unique_ptr<Json> fields_;
  std::string place_;
};

// By extension: .jsonl/.json (one object a line; a single top-level array is accepted in .json), .csv (RFC
// 4180: quotes, embedded commas and newlines; header row), .tsv (header row, no quoting), .txt (one text a
// line, field "text"). Empty lines are skipped. Throws kData for malformed rows and non-UTF-8 (file and line
// named) and for a file without rows.
std::vector<Row> read_rows(const std::filesystem::path& file);
// TSV without a header: fields are called "0", "1", … No quoting, so a cell may begin with a quote mark.
std::vector<Row> read_tsv_without_header(const std::filesystem::path& file);

}  // namespace xlt
