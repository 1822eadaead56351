// SPDX-License-Identifier: Apache-2.0
#include "dataset/csv.h"

#include <algorithm>

#include "xlt/base/binary_file.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

CsvReader::CsvReader(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  refuse_binary(text_, file_);
  if (const auto offset = find_invalid_utf8(text_)) {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<int64_t>(*offset), '\n');
    throw Error(ErrorKind::kData, "not valid UTF-8; convert the file to UTF-8", str_cat(file_, ":", line));
  }
}

std::optional<CsvRecord> CsvReader::next() {
  while (at_ < text_.size()) {
    CsvRecord record{{}, line_};
    do record.cells.push_back(cell());
    while (take(','));
    take('\r');
    if (take('\n')) ++line_;
    if (record.cells.size() > 1 || !record.cells[0].empty()) return record;
  }
  return std::nullopt;
}

bool CsvReader::take(char wanted) {
  if (at_ >= text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

std::string CsvReader::cell() {
  if (take('"')) return quoted();
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' &&
         !(text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n'))
    ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string CsvReader::quoted() {
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
  return cell.append(text_, begin, at_ - begin);
}

}  // namespace xlt
