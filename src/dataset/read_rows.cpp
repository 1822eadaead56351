// SPDX-License-Identifier: Apache-2.0
// Rows of data files, one at a time.
#include "dataset/csv.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <unordered_set>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/base/split.h"
#include "xlt/dataset/reader.h"

namespace xlt {

namespace {

constexpr std::pair<const char*, RowFormat> kFormats[] = {
    {"auto", RowFormat::kAuto},        {"csv", RowFormat::kCsv}, {"json", RowFormat::kJson},
    {"jsonl", RowFormat::kJsonLines},  {"tsv", RowFormat::kTsv}, {"txt", RowFormat::kText},
    {"ndjson", RowFormat::kJsonLines},
};

bool is_space(unsigned char c) { return std::isspace(c) != 0; }
bool is_empty_line(const std::string& line) { return std::all_of(line.begin(), line.end(), is_space); }

Json object_of(const std::string& text, const std::string& place) {
  Json json = parse_json(text, place);
  if (!json.is_object()) throw Error(ErrorKind::kData, "expected one JSON object a line", place);
  return json;
}

// Column names of a header; a name that stands twice would hide a column.
std::vector<std::string> header_of(std::vector<std::string> cells, const std::string& place) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& cell : cells)
    if (!seen.insert(cell).second)
      throw Error(ErrorKind::kData, str_cat("column \"", cell, "\" stands twice in the header"), place);
  return cells;
}

// Names are known to differ: to look for each among those before it would cost the square of their number.
void add_field(Json& fields, std::string name, const std::string& cell) {
  fields.get_ref<Json::object_t&>().emplace_back(std::move(name), cell);
}

Json object_from(const std::vector<std::string>& header, const std::vector<std::string>& cells,
                 const std::string& place) {
  if (cells.size() != header.size())
    throw Error(ErrorKind::kData, str_cat("has ", cells.size(), " cells; the header has ", header.size()),
                place);
  Json fields = Json::object();
  for (size_t i = 0; i < cells.size(); ++i) add_field(fields, header[i], cells[i]);
  return fields;
}

// ORG/NAME, as a data set of the hub is called.
bool may_be_hub_name(const std::string& name) {
  const auto is_of_name = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  const size_t slash = name.find('/');
  if (slash == 0 || slash + 1 == name.size() || name.front() == '.') return false;
  return slash != std::string::npos &&
         std::count_if(name.begin(), name.end(), is_of_name) + 1 == static_cast<int64_t>(name.size());
}

[[noreturn]] void throw_unknown_extension(const fs::path& file, const std::string& extension) {
  std::string message =
      str_cat("extension \"", extension, "\" is not known; expected .jsonl, .json, .csv, .tsv or .txt");
  if (extension == ".parquet") message += "; scripts/parquet_to_jsonl.py makes .jsonl of it";
  throw Error(ErrorKind::kData, message, file.string());
}

// What the extension says; kAuto: nothing, and the first character has to, as only a pipe may have it.
RowFormat format_of(const fs::path& file) {
  const std::string extension = file.extension().string();
  for (const auto& [name, format] : kFormats)
    if (format != RowFormat::kAuto && extension == std::string(".") + name) return format;
  std::error_code code;
  const auto type = fs::status(file, code).type();
  if (type == fs::file_type::directory)
    throw Error(ErrorKind::kData, "is a folder; expected a file of rows", file.string());
  const bool may_be_read = type == fs::file_type::fifo || type == fs::file_type::character ||
                           type == fs::file_type::socket || file.string().starts_with("/dev/") ||
                           file.string().starts_with("/proc/self/fd/");
  if (may_be_read) return RowFormat::kAuto;
  if (type == fs::file_type::not_found && extension != ".parquet" && may_be_hub_name(file.string()))
    throw Error(ErrorKind::kIo,
                "no such file; data sets of the hub are not fetched: give their files, of which "
                "scripts/fetch_data.sh gets those of the study",
                file.string());
  throw_unknown_extension(file, extension);
}

}  // namespace

RowFormat parse_row_format(std::string_view name) {
  for (const auto& [known, format] : kFormats)
    if (name == known) return format;
  throw_unknown_name("format", name, row_format_names());
}

std::vector<std::string> row_format_names() { return {"auto", "csv", "json", "jsonl", "tsv", "txt"}; }

class RowReader::Source {
 public:
  virtual ~Source() = default;
  virtual std::optional<Row> next() = 0;
};

// Objects, one a line. Where `format` allows it, the first line decides whether there is an array instead (as
// RTP-LX is published, .json may hold either), or whether it is JSON at all.
class RowReader::JsonSource final : public Source {
 public:
  JsonSource(const fs::path& file, RowFormat format) : lines_(file), file_(file.string()), format_(format) {}

  std::optional<Row> next() override {
    if (array_.is_array()) return next_element();
    while (auto line = lines_.next()) {
      if (is_empty_line(*line)) continue;
      if (is_first_ && format_ != RowFormat::kJsonLines && begins_array(*line)) {
        read_array(*line);
        return next_element();
      }
      is_first_ = false;
      return Row(object_of(*line, lines_.place()), lines_.place());
    }
    return std::nullopt;
  }

 private:
  bool begins_array(const std::string& line) const {
    const char first = *std::find_if_not(line.begin(), line.end(), is_space);
    if (first != '[' && first != '{' && format_ == RowFormat::kAuto)
      throw Error(ErrorKind::kData,
                  "begins with neither { nor [, so its format cannot be told; name it with --input-format",
                  lines_.place());
    return first == '[';
  }
  void read_array(const std::string& line) {
    // Lines before it keep their number.
    std::string text(static_cast<size_t>(lines_.line_number() - 1), '\n');
    text += line;
    while (const auto next = lines_.next()) text.append("\n").append(*next);
    array_ = parse_json(text, file_);
  }
  std::optional<Row> next_element() {
    if (index_ == array_.size()) return std::nullopt;
    const std::string place = str_cat(file_, ": [", index_, "]");
    if (!array_[index_].is_object()) throw Error(ErrorKind::kData, "expected an object", place);
    return Row(std::move(array_[index_++]), place);
  }

  LineReader lines_;
  std::string file_;
  RowFormat format_;
  Json array_;
  size_t index_ = 0;
  bool is_first_ = true;
};

class RowReader::CsvSource final : public Source {
 public:
  explicit CsvSource(const fs::path& file) : file_(file.string()), records_(read_file(file), file.string()) {}

  std::optional<Row> next() override {
    while (auto record = records_.next()) {
      const std::string place = str_cat(file_, ":", record->line);
      if (!header_.empty()) return Row(object_from(header_, record->cells, place), place);
      header_ = header_of(std::move(record->cells), place);
    }
    return std::nullopt;
  }

 private:
  std::string file_;
  CsvReader records_;
  std::vector<std::string> header_;
};

class RowReader::TsvSource final : public Source {
 public:
  explicit TsvSource(const fs::path& file) : lines_(file) {}

  std::optional<Row> next() override {
    while (const auto line = lines_.next()) {
      if (header_.empty()) {
        header_ = header_of(split(*line, '\t'), lines_.place());
      } else if (!is_empty_line(*line)) {
        return Row(object_from(header_, split(*line, '\t'), lines_.place()), lines_.place());
      }
    }
    return std::nullopt;
  }

 private:
  LineReader lines_;
  std::vector<std::string> header_;
};

class RowReader::TextSource final : public Source {
 public:
  explicit TextSource(const fs::path& file) : lines_(file) {}

  std::optional<Row> next() override {
    while (const auto line = lines_.next())
      if (!is_empty_line(*line)) return Row(Json{{"text", *line}}, lines_.place());
    return std::nullopt;
  }

 private:
  LineReader lines_;
};

RowReader::RowReader(const fs::path& file, RowFormat format) : file_(file) {
  if (format == RowFormat::kAuto) format = format_of(file);
  switch (format) {
    case RowFormat::kAuto:
    case RowFormat::kJson:
    case RowFormat::kJsonLines:
      source_ = std::make_unique<JsonSource>(file, format);
      break;
    case RowFormat::kCsv:
      source_ = std::make_unique<CsvSource>(file);
      break;
    case RowFormat::kTsv:
      source_ = std::make_unique<TsvSource>(file);
      break;
    case RowFormat::kText:
      source_ = std::make_unique<TextSource>(file);
      break;
  }
}

RowReader::~RowReader() = default;

std::optional<Row> RowReader::next() {
  auto row = source_->next();
  if (!row && is_empty_) throw Error(ErrorKind::kData, "holds no rows", file_.string());
  is_empty_ = false;
  return row;
}

std::vector<Row> read_rows(const fs::path& file, RowFormat format) {
  std::vector<Row> rows;
  RowReader reader(file, format);
  while (auto row = reader.next()) rows.push_back(std::move(*row));
  return rows;
}

std::vector<Row> read_tsv_without_header(const fs::path& file) {
  std::vector<Row> rows;
  LineReader lines(file);
  while (const auto line = lines.next()) {
    if (is_empty_line(*line)) continue;
    Json fields = Json::object();
    const auto cells = split(*line, '\t');
    for (size_t i = 0; i < cells.size(); ++i) add_field(fields, std::to_string(i), cells[i]);
    rows.emplace_back(std::move(fields), lines.place());
  }
  if (rows.empty()) throw Error(ErrorKind::kData, "holds no rows", file.string());
  return rows;
}

}  // namespace xlt
