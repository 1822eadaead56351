// SPDX-License-Identifier: Apache-2.0
// Rows of the data files people have: JSONL, CSV, TSV. A row keeps where it stood, so an error can say so.
//
//   for (const Row& row : read_rows("pairs.jsonl"))
//     row.text("prompt");                  // throws "pairs.jsonl:3: no field "prompt"; has: …"
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

// Which field holds a row's prompt: "Prompt", as RTP-LX and its relatives have it, where there is one, else
// "prompt".
const char* prompt_field(const Row& row);

// How rows are written. By extension (kAuto): .jsonl/.ndjson (one object a line), .json (an array of objects,
// or one object a line), .csv (RFC 4180: quotes, embedded commas and newlines; header row), .tsv (header row,
// no quoting), .txt (one text a line, field "text"). A pipe or device without one of them (/dev/stdin) holds
// JSON if its first character says so. Empty lines are skipped.
enum class RowFormat { kAuto, kJsonLines, kJson, kCsv, kTsv, kText };
RowFormat parse_row_format(std::string_view name);  // kUsage for any other
std::vector<std::string> row_format_names();        // auto, csv, json, jsonl, tsv, txt

// Rows one at a time: memory holds the one at hand (of .csv and arrays in .json: the file).
class RowReader {
 public:
  explicit RowReader(const std::filesystem::path& file, RowFormat format = RowFormat::kAuto);
  ~RowReader();
  // The next row, or nothing at the end. Throws kData for malformed rows and non-UTF-8 (file and line named),
  // and for a file without rows.
  std::optional<Row> next();

 private:
  class Source;
  class JsonSource;
  class CsvSource;
  class TsvSource;
  class TextSource;
  std::filesystem::path file_;
  std::unique_ptr<Source> source_;
  bool is_empty_ = true;
};

// All of them.
std::vector<Row> read_rows(const std::filesystem::path& file, RowFormat format = RowFormat::kAuto);
// TSV without a header: fields are called "0", "1", … No quoting, so a cell may begin with a quote mark.
std::vector<Row> read_tsv_without_header(const std::filesystem::path& file);

}  // namespace xlt
