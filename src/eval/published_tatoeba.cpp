// SPDX-License-Identifier: Apache-2.0
#include "eval/published_tatoeba.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr uint32_t kSeed = 42;
constexpr size_t kKept = 1000, kTatoebaColumns = 4;

// What pandas 2.2 takes for a missing value.
bool is_missing(std::string_view cell) {
  constexpr std::array<std::string_view, 19> kMissing = {
      "",     "#N/A", "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
      "<NA>", "N/A",  "NA",       "NULL", "NaN",     "None",     "n/a",  "nan",  "null"};
  return std::find(kMissing.begin(), kMissing.end(), cell) != kMissing.end();
}

// Rows as pandas' C parser reads tab-separated text with its default quoting.
class QuotedTsv {
 public:
  QuotedTsv(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }
  // The next row that is not empty.
  std::optional<std::vector<std::string>> next() {
    while (at_ < text_.size()) {
      std::vector<std::string> cells;
      do cells.push_back(cell());
      while (take('\t'));
      take('\r');
      if (take('\n')) ++line_;
      if (cells.size() > 1 || !cells[0].empty()) return cells;
    }
    return std::nullopt;
  }
  std::string place() const { return str_cat(file_, ":", line_); }

 private:
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  // A quote mark is one only where a cell begins; after it closes, the cell goes on as any other.
  std::string cell() {
    std::string cell;
    if (take('"')) {
      const std::string opened = place();
      while (true) {
        if (at_ >= text_.size())
          throw Error(
              ErrorKind::kData,
              "a quoted cell is never closed, and the published code stops here; leave out --quirks G14",
              opened);
        const char c = text_[at_++];
        if (c == '"' && !take('"')) break;
        line_ += c == '\n';
        cell += c;
      }
    }
    while (at_ < text_.size() && text_[at_] != '\t' && text_[at_] != '\n' && text_[at_] != '\r')
      cell += text_[at_++];
    return cell;
  }

  std::string text_, file_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

struct PublishedRow {
  std::string text;  // missing: empty
  int64_t english_id = 0;
  std::string english;
};

PublishedRow parse(const std::vector<std::string>& cells, const std::string& place) {
  PublishedRow row;
  const std::string& id = cells.size() > 2 ? cells[2] : std::string();
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), row.english_id);
  if (cells.size() != kTatoebaColumns || error != std::errc() || end != id.data() + id.size())
    throw Error(
        ErrorKind::kData,
        "not a row of id, text, English id and English text, which --quirks G14 needs; leave it out, or give "
        "Tatoeba's sentence pairs as they are downloaded",
        place);
  if (!is_missing(cells[1])) row.text = cells[1];
  row.english = is_missing(cells[3]) ? std::string() : cells[3];
  return row;
}

// The rows of one file that stay. A row of more cells than the first is left out: the published code does so
// for the three languages that have any.
std::vector<PublishedRow> kept_rows(const std::filesystem::path& file) {
  QuotedTsv reader(read_file(file), file.string());
  std::vector<PublishedRow> rows;
  std::set<int64_t> seen;
  for (std::string place = reader.place(); const auto cells = reader.next(); place = reader.place()) {
    if (cells->size() > kTatoebaColumns) continue;
    PublishedRow row = parse(*cells, place);
    if (seen.insert(row.english_id).second) rows.push_back(std::move(row));
  }
  std::vector<PublishedRow> kept;
  for (const int64_t i : random_state_permutation(kSeed, static_cast<int64_t>(rows.size()))) {
    if (kept.size() == kKept) break;
    kept.push_back(std::move(rows[static_cast<size_t>(i)]));
  }
  return kept;
}

using Key = std::pair<int64_t, std::string>;  // English id and text

}  // namespace

const std::vector<std::string>& tatoeba_languages() {
  static const std::vector<std::string> languages{"ar", "ca", "cs", "de", "es", "fr", "hi", "id", "it", "ja",
                                                  "ko", "mt", "nl", "pl", "pt", "ru", "sv", "tr", "zh"};
  return languages;
}

std::vector<int64_t> random_state_permutation(uint32_t seed, int64_t size) {
  std::mt19937 generator(seed);
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = size - 1; i > 0; --i) {
    const uint32_t mask = std::bit_ceil(static_cast<uint32_t>(i) + 1) - 1;
    uint32_t drawn = 0;
    do drawn = static_cast<uint32_t>(generator()) & mask;
    while (drawn > static_cast<uint32_t>(i));
    std::swap(order[static_cast<size_t>(i)], order[drawn]);
  }
  return order;
}

std::vector<TatoebaSentence> published_tatoeba(const std::vector<std::filesystem::path>& files,
                                               const std::string& language) {
  std::map<Key, std::map<std::string, std::string>> merged;  // language → text, of those that have one
  for (size_t i = 0; i < files.size(); ++i) {
    if (!std::filesystem::is_regular_file(files[i])) continue;
    for (PublishedRow& row : kept_rows(files[i])) {
      auto& texts = merged[{row.english_id, row.english}];
      if (!row.text.empty()) texts[tatoeba_languages()[i]] = std::move(row.text);
    }
  }
  std::vector<const std::pair<const Key, std::map<std::string, std::string>>*> rows;
  for (const auto& row : merged) rows.push_back(&row);
  std::vector<TatoebaSentence> sentences;
  size_t seen = 0;
  for (const int64_t i : random_state_permutation(kSeed, static_cast<int64_t>(rows.size()))) {
    const auto& [key, texts] = *rows[static_cast<size_t>(i)];
    const bool is_english = language == "en";
    if (is_english && seen++ == kKept) break;
    const auto found = texts.find(language);
    if (is_english ? !key.second.empty() : found != texts.end())
      sentences.push_back({std::to_string(key.first), is_english ? key.second : found->second});
  }
  return sentences;
}

}  // namespace xlt
