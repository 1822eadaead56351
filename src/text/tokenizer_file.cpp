// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_file.h"

#include "xlt/base/file.h"
#include "xlt/base/json_depth.h"

namespace xlt {

namespace {

// Each part has a "type" and each regular expression a "Regex". Compiled they take up to a megabyte, from a
// few bytes of the file.
constexpr size_t kMostParts = 2000, kMostPatterns = 200;
// Of one object outside of the vocabulary: a key is looked up from the first on.
constexpr size_t kMostMembers = 2000;

// Sends model.vocab and model.merges to flat lists and everything else to a document.
class Sax : public nlohmann::json_sax<Json> {
 public:
  explicit Sax(TokenizerFile& out) : out_(out) {}

  bool null() override { return value(nullptr); }
  bool boolean(bool x) override { return value(x); }
  bool number_integer(number_integer_t x) override { return number(x); }
  bool number_unsigned(number_unsigned_t x) override {
    return number(x > INT64_MAX ? INT64_MAX : static_cast<int64_t>(x));
  }
  bool number_float(number_float_t x, const string_t&) override { return is_score() ? score(x) : value(x); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& x) override {
    ask();
    if (area_ == Area::kMerges) {
      merge_part(x);
    } else if (area_ == Area::kScores && in_pair_ == 0) {
      out_.tokens.push_back(x);
      ++in_pair_;
    } else {
      return value(x);
    }
    return true;
  }
  bool key(string_t& x) override {
    ask();
    if (area_ == Area::kVocab) {
      out_.tokens.push_back(x);
    } else {
      count_part(x);
      keys_.back() = x;
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (area_ != Area::kRest) fail(expected());
    if (is_path("model", "vocab")) {
      area_ = Area::kVocab;
      return true;
    }
    return open(Json::object());
  }
  bool end_object() override {
    if (area_ != Area::kVocab) return close();
    area_ = Area::kRest;
    return true;
  }
  bool start_array(std::size_t) override {
    if (area_ == Area::kVocab) fail(expected());
    if (area_ == Area::kRest) {
      const bool is_merges = is_path("model", "merges");
      if (!is_merges && !is_path("model", "vocab")) return open(Json::array());
      area_ = is_merges ? Area::kMerges : Area::kScores;
      return true;
    }
    if (in_pair_ >= 0) fail(expected());
    in_pair_ = 0;
    return true;
  }
  bool end_array() override {
    if (area_ == Area::kRest) return close();
    if (in_pair_ < 0) {
      area_ = Area::kRest;
    } else {
      if (in_pair_ != 2) fail(expected());
      in_pair_ = -1;
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    std::string reason = error.what();
    if (const size_t at = reason.find("syntax error"); at != std::string::npos) reason = reason.substr(at);
    throw Error(ErrorKind::kCheckpoint, str_cat("malformed JSON at byte ", position, ": ", reason),
                out_.place);
  }

 private:
  enum class Area { kRest, kVocab, kScores, kMerges };

  [[noreturn]] void fail(const std::string& message) const {
    const std::string where =
        area_ == Area::kVocab    ? str_cat(": model.vocab[\"", out_.tokens[out_.tokens.size() - 1], "\"]")
        : area_ == Area::kScores ? str_cat(": model.vocab[", out_.scores.size() - (in_pair_ == 2), "]")
                                 : str_cat(": model.merges[", (out_.merges.size() - partial()) / 2, "]");
    throw Error(ErrorKind::kCheckpoint, message, out_.place + where);
  }
  const char* expected() const {
    return area_ == Area::kVocab    ? "expected an id"
           : area_ == Area::kScores ? "expected [token, score]"
                                    : "expected two strings";
  }
  void ask() { out_.throw_if_interrupted(num_strings_++); }
  void count_part(const std::string& key) {
    num_parts_ += key == "type";
    num_patterns_ += key == "Regex";
    if (num_parts_ > kMostParts || num_patterns_ > kMostPatterns)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("more than ", kMostParts, " parts or ", kMostPatterns, " regular expressions"),
                  out_.place);
  }
  // Parts of an unfinished merge.
  size_t partial() const { return in_pair_ > 0 ? static_cast<size_t>(in_pair_) : 0; }
  bool is_path(const char* first, const char* second) const {
    return keys_.size() == 2 && keys_[0] == first && keys_[1] == second;
  }
  bool is_score() const { return area_ == Area::kScores && in_pair_ == 1; }
  bool score(double x) {
    out_.ids.push_back(static_cast<int32_t>(out_.scores.size()));
    out_.scores.push_back(x);
    ++in_pair_;
    return true;
  }
  bool number(int64_t x) {
    if (is_score()) return score(static_cast<double>(x));
    if (area_ != Area::kVocab) return value(x);
    if (x < 0 || x >= INT32_MAX) fail(str_cat("the id ", x, " is out of range"));
    out_.ids.push_back(static_cast<int32_t>(x));
    return true;
  }
  // "a b" or ["a", "b"]
  void merge_part(const std::string& part) {
    if (in_pair_ >= 0) {
      if (in_pair_ == 2) fail("expected two strings");
      ++in_pair_;
      out_.merges.push_back(part);
      return;
    }
    const size_t space = part.find(' ', 1);
    if (part.empty() || space == std::string::npos || space + 1 == part.size())
      fail(str_cat("\"", part, "\" is not two tokens with a space between"));
    out_.merges.push_back(std::string_view(part).substr(0, space));
    out_.merges.push_back(std::string_view(part).substr(space + 1));
  }
  template <typename T>
  bool value(T&& x) {
    if (area_ != Area::kRest) fail(expected());
    place(Json(std::forward<T>(x)));
    return true;
  }
  Json* place(Json x) {
    if (open_.empty()) {
      out_.rest = std::move(x);
      return &out_.rest;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(x));
      return &parent.back();
    }
    if (parent.size() == kMostMembers)
      throw Error(ErrorKind::kCheckpoint, str_cat("an object of more than ", kMostMembers, " members"),
                  out_.place);
    return &(parent[keys_.back()] = std::move(x));
  }
  bool open(Json x) {
    if (open_.size() == kMaxJsonDepth)
      throw Error(ErrorKind::kCheckpoint, str_cat("nested more than ", kMaxJsonDepth, " deep"), out_.place);
    open_.push_back(place(std::move(x)));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  TokenizerFile& out_;
  Area area_ = Area::kRest;
  int in_pair_ = -1;         // parts of the merge read so far; −1: not within ["a", "b"]
  std::vector<Json*> open_;  // an open value's siblings come after it, so these stay valid
  std::vector<std::string> keys_;
  size_t num_strings_ = 0, num_parts_ = 0, num_patterns_ = 0;
};

}  // namespace

TokenizerFile read_tokenizer_file(const std::filesystem::path& file, const Context& context) {
  TokenizerFile out;
  out.place = file.string();
  out.context = context;
  const MappedFile map(file);
  const char* begin = reinterpret_cast<const char*>(map.bytes().data());
  Sax sax(out);
  if (!Json::sax_parse(begin, begin + map.bytes().size(), &sax))
    throw Error(ErrorKind::kCheckpoint, "malformed JSON", out.place);
  if (!out.rest.is_object()) throw Error(ErrorKind::kCheckpoint, "expected an object", out.place);
  return out;
}

}  // namespace xlt
