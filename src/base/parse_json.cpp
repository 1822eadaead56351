// SPDX-License-Identifier: Apache-2.0
// Strict JSON: builds the value from the parser's events, so that a repeated key is found where it stands and
// an object of n keys costs O(n) (looking keys up in an ordered object would make it O(n²)).
#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "xlt/base/binary_file.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/json_depth.h"

namespace xlt {

namespace {

// Up to so many keys, comparing with each is cheaper than hashing.
constexpr size_t kFewKeys = 12;
constexpr size_t kMaxReasonBytes = 200;

// " at line 3, column 14" of a byte offset; columns count characters.
std::string at_line_and_column(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::string_view row = before.substr(before.rfind('\n') + 1);
  const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return str_cat(" at line ", line, ", column ", 1 + std::count_if(row.begin(), row.end(), is_lead));
}

// The offset of the quote that opens the string whose closing quote is the last byte of `text`.
size_t opening_quote(std::string_view text) {
  for (size_t i = text.size() - 1; i-- > 0;) {
    if (text[i] != '"') continue;
    size_t backslashes = 0;
    while (backslashes < i && text[i - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return i;
  }
  return 0;
}

// The library's message without its number and place, and without the whole of a long string.
std::string reason_of(const nlohmann::json::exception& exception) {
  std::string reason = exception.what();
  const size_t syntax = reason.find("syntax error");
  reason.erase(0, syntax != std::string::npos ? syntax : reason.find("] ") + 2);
  if (reason.size() <= kMaxReasonBytes) return reason;
  size_t end = kMaxReasonBytes;
  while ((static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
  return reason.substr(0, end) + "…";
}

// Reads bytes and lets the builder see how far the parser has come.
class TrackedBytes {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedBytes(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  TrackedBytes& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  TrackedBytes operator++(int) {
    TrackedBytes before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedBytes& other) const { return at_ == other.at_; }
  bool operator!=(const TrackedBytes& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

class TreeBuilder : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::string_view text, const char* const* reached, const std::string& where, ErrorKind kind)
      : text_(text), reached_(reached), where_(where), kind_(kind) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not in text
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override;
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception& exception) override {
    fail(str_cat("malformed JSON", at_line_and_column(text_, position > 0 ? position - 1 : 0), ": ",
                 reason_of(exception)));
  }

  Json root;

 private:
  // An array or object that is not complete, and the keys of one that has many.
  struct Frame {
    Json* value;
    std::unordered_set<std::string> keys;
  };

  Json& insert(Json value) {
    if (frames_.empty()) return root = std::move(value);
    Json& parent = *frames_.back().value;
    if (parent.is_object()) return parent.get_ref<Json::object_t&>().back().second = std::move(value);
    return parent.get_ref<Json::array_t&>().emplace_back(std::move(value));
  }
  bool add(Json value) {
    insert(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (frames_.size() == kMaxJsonDepth)
      fail(str_cat("nested more than ", kMaxJsonDepth, " deep", at_line_and_column(text_, reached() - 1)));
    frames_.push_back({&insert(std::move(value)), {}});
    return true;
  }
  bool close() {
    frames_.pop_back();
    return true;
  }
  bool is_repeated(const std::string& key);
  size_t reached() const { return static_cast<size_t>(*reached_ - text_.data()); }
  [[noreturn]] void fail(const std::string& message) const { throw Error(kind_, message, where_); }

  std::string_view text_;
  const char* const* reached_;
  const std::string& where_;
  ErrorKind kind_;
  std::vector<Frame> frames_;
};

bool TreeBuilder::is_repeated(const std::string& key) {
  Frame& frame = frames_.back();
  const auto& object = frame.value->get_ref<const Json::object_t&>();
  if (object.size() < kFewKeys)
    return std::any_of(object.begin(), object.end(), [&](const auto& entry) { return entry.first == key; });
  if (frame.keys.empty())
    for (const auto& entry : object) frame.keys.insert(entry.first);
  return !frame.keys.insert(key).second;
}

bool TreeBuilder::key(string_t& key) {
  if (is_repeated(key))
    fail(str_cat("key \"", key, "\" stands twice in one object, the second time",
                 at_line_and_column(text_, opening_quote(text_.substr(0, reached())))));
  frames_.back().value->get_ref<Json::object_t&>().emplace_back(std::move(key), nullptr);
  return true;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where, ErrorKind kind, bool allow_comments) {
  if (const auto offset = find_invalid_utf8(text))
    throw Error(kind, str_cat("not valid UTF-8", at_line_and_column(text, *offset), "; re-encode the text"),
                where);
  const char* reached = text.data();
  TreeBuilder builder(text, &reached, where, kind);
  Json::sax_parse(TrackedBytes(text.data(), &reached), TrackedBytes(text.data() + text.size(), &reached),
                  &builder, nlohmann::detail::input_format_t::json, /*strict=*/true, allow_comments);
  return std::move(builder.root);
}

Json load_json(const std::filesystem::path& file, ErrorKind kind, bool allow_comments) {
  const std::string text = read_file(file);
  refuse_binary(text, file.string(), kind);
  return parse_json(text, file.string(), kind, allow_comments);
}

}  // namespace xlt
