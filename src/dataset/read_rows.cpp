// SPDX-License-Identifier: Apache-2.0
// Data files by extension.
#include "dataset/csv.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"

namespace xlt {

namespace {

bool is_empty_line(const std::string& line) {
  return std::all_of(line.begin(), line.end(), [](unsigned char c) { return std::isspace(c); });
}

Json object_of(const std::string& text, const std::string& place) {
  Json json = parse_json(text, place);
  if (!json.is_object()) throw Error(ErrorKind::kData, "expected one JSON object a line", place);
  return json;
}

std::vector<Row> read_json_lines(const fs::path& file) {
  std::vector<Row> rows;
  LineReader lines(file);
  while (const auto line = lines.next())
    if (!is_empty_line(*line)) rows.emplace_back(object_of(*line, lines.place()), lines.place());
  return rows;
}

// One array of objects, or (as RTP-LX is published) one object a line.
std::vector<Row> read_json(const fs::path& file) {
  const std::string text = read_file(file);
  const size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string::npos || text[first] != '[') return read_json_lines(file);
  const Json array = load_json(file);
  std::vector<Row> rows;
  for (size_t i = 0; i < array.size(); ++i) {
    const std::string place = str_cat(file.string(), ": [", i, "]");
    if (!array[i].is_object()) throw Error(ErrorKind::kData, "expected an object", place);
    rows.emplace_back(array[i], place);
  }
  return rows;
}

std::vector<std::string> split_tabs(const std::string& line) {
  std::vector<std::string> cells(1);
  for (char c : line) {
    if (c == '\t') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

// Column names of a header; a name that stands twice would hide a column.
std::vector<std::string> header_of(std::vector<std::string> cells, const std::string& place) {
  for (size_t i = 0; i < cells.size(); ++i)
    if (std::find(cells.begin(), cells.begin() + static_cast<int64_t>(i), cells[i]) !=
        cells.begin() + static_cast<int64_t>(i))
      throw Error(ErrorKind::kData, str_cat("column \"", cells[i], "\" stands twice in the header"), place);
  return cells;
}

Json object_from(const std::vector<std::string>& header, const std::vector<std::string>& cells,
                 const std::string& place) {
  if (cells.size() != header.size())
    throw Error(ErrorKind::kData, str_cat("has ", cells.size(), " cells; the header has ", header.size()),
                place);
  Json fields = Json::object();
  for (size_t i = 0; i < cells.size(); ++i) fields[header[i]] = cells[i];
  return fields;
}

std::vector<Row> read_tsv(const fs::path& file) {
  std::vector<Row> rows;
  LineReader lines(file);
  std::vector<std::string> header;
  while (const auto line = lines.next()) {
    if (header.empty()) {
      header = header_of(split_tabs(*line), lines.place());
    } else if (!is_empty_line(*line)) {
      rows.emplace_back(object_from(header, split_tabs(*line), lines.place()), lines.place());
    }
  }
  return rows;
}

std::vector<Row> read_csv(const fs::path& file) {
  std::vector<Row> rows;
  const std::vector<CsvRecord> records = read_csv_records(file);
  if (records.empty()) return rows;
  const auto header = header_of(records[0].cells, str_cat(file.string(), ":", records[0].line));
  for (size_t i = 1; i < records.size(); ++i) {
    const std::string place = str_cat(file.string(), ":", records[i].line);
    rows.emplace_back(object_from(header, records[i].cells, place), place);
  }
  return rows;
}

std::vector<Row> read_text(const fs::path& file) {
  std::vector<Row> rows;
  LineReader lines(file);
  while (const auto line = lines.next())
    if (!is_empty_line(*line)) rows.emplace_back(Json{{"text", *line}}, lines.place());
  return rows;
}

std::vector<Row> non_empty(std::vector<Row> rows, const fs::path& file) {
  if (rows.empty()) throw Error(ErrorKind::kData, "holds no rows", file.string());
  return rows;
}

}  // namespace

std::vector<Row> read_rows(const fs::path& file) {
  const std::string extension = file.extension().string();
  if (extension == ".jsonl" || extension == ".ndjson") return non_empty(read_json_lines(file), file);
  if (extension == ".json") return non_empty(read_json(file), file);
  if (extension == ".csv") return non_empty(read_csv(file), file);
  if (extension == ".tsv") return non_empty(read_tsv(file), file);
  if (extension == ".txt") return non_empty(read_text(file), file);
  throw Error(
      ErrorKind::kData,
      str_cat("extension \"", extension, "\" is not known; expected .jsonl, .json, .csv, .tsv or .txt"),
      file.string());
}

std::vector<Row> read_tsv_without_header(const fs::path& file) {
  std::vector<Row> rows;
  LineReader lines(file);
  while (const auto line = lines.next()) {
    if (is_empty_line(*line)) continue;
    Json fields = Json::object();
    const auto cells = split_tabs(*line);
    for (size_t i = 0; i < cells.size(); ++i) fields[std::to_string(i)] = cells[i];
    rows.emplace_back(std::move(fields), lines.place());
  }
  return non_empty(std::move(rows), file);
}

}  // namespace xlt
