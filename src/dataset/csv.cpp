// SPDX-License-Identifier: Apache-2.0
#include "dataset/csv.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

class CsvParser {
 public:
  CsvParser(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  std::vector<CsvRecord> parse() {
    while (at_ < text_.size()) {
      CsvRecord record{{}, line_};
      do record.cells.push_back(cell());
      while (take(','));
      take('\r');
      if (take('\n')) ++line_;
      if (record.cells.size() > 1 || !record.cells[0].empty()) records_.push_back(std::move(record));
    }
    return std::move(records_);
  }

 private:
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  std::string cell() {
    if (take('"')) return quoted();
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' &&
           !(text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n'))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const int64_t opened = line_;
    std::string cell;
    while (true) {
      if (at_ >= text_.size())
        throw Error(ErrorKind::kData, "a quoted cell is never closed", str_cat(file_, ":", opened));
      const char c = text_[at_++];
      if (c == '"' && !take('"')) break;
      line_ += c == '\n';
      cell += c;
    }
    // What follows a closing quote up to the comma belongs to the cell, as spreadsheet programs read it.
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return cell.append(text_.substr(begin, at_ - begin));
  }

  std::string_view text_;
  std::string file_;
  size_t at_ = 0;
  int64_t line_ = 1;
  std::vector<CsvRecord> records_;
};

}  // namespace

std::vector<CsvRecord> read_csv_records(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  if (const auto offset = find_invalid_utf8(text)) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<int64_t>(*offset), '\n');
    throw Error(ErrorKind::kData, "not valid UTF-8; convert the file to UTF-8",
                str_cat(file.string(), ":", line));
  }
  std::string_view view = text;
  if (view.starts_with("\xEF\xBB\xBF")) view.remove_prefix(3);
  return CsvParser(view, file.string()).parse();
}

}  // namespace xlt
