// SPDX-License-Identifier: Apache-2.0
#include "text/pattern_syntax.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "xlt/base/error.h"

namespace xlt {

namespace {

struct NewCharacters {
  std::string_view category, ranges;  // ranges as in a character class
};
constexpr NewCharacters kNewCharacters[] = {
#define X(category, ranges) {#category, ranges},
#include "text/new_characters.def"
#undef X
};

struct LongName {
  std::string_view name, category;
};
// Property names in the letters-only lower-case form that Unicode's loose matching (UAX #44) gives.
constexpr LongName kLongNames[] = {
    {"alphabetic", "Alphabetic"},
    {"letter", "L"},
    {"lowercaseletter", "Ll"},
    {"mark", "M"},
    {"modifierletter", "Lm"},
    {"nonspacingmark", "Mn"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"otherletter", "Lo"},
    {"punctuation", "P"},
    {"separator", "Z"},
    {"space", "White_Space"},
    {"symbol", "S"},
    {"titlecaseletter", "Lt"},
    {"uppercaseletter", "Lu"},
    {"whitespace", "White_Space"},
};

// Oniguruma counts the superscripts and fractions of Latin-1 as word characters.
constexpr std::string_view kWordCharacters =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})";

// Characters of a general category ("L", "Lu") that PCRE2's tables may lack.
std::string new_characters_of(std::string_view category) {
  std::string ranges;
  for (const NewCharacters& row : kNewCharacters)
    if (row.category.starts_with(category)) ranges += row.ranges;
  return ranges;
}

std::string category_of(std::string_view property) {
  std::string loose;
  for (char c : property)
    if (c != '_' && c != ' ' && c != '-')
      loose += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const LongName& row : kLongNames)
    if (row.name == loose) return std::string(row.category);
  if (property.size() <= 2) return std::string(property);
  // Longer names left: scripts. A bare script name means its script extensions to PCRE2.
  return "sc:" + std::string(property);
}

class Translator {
 public:
  Translator(const std::string& pattern, const std::string& where) : in_(pattern), where_(where) {}

  std::string run() {
    while (at_ < in_.size()) {
      if (in_[at_] == '\\') {
        escape();
      } else if (depth_ > 0) {
        in_class();
      } else {
        outside();
      }
    }
    return out_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::kCheckpoint,
                str_cat("regular expression with ", what, " is not supported (at ", at_, ")"), where_);
  }
  bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  void copy(size_t count) {
    out_ += in_.substr(at_, count);
    at_ += count;
  }

  // A set of characters: as it is within a class, in brackets of its own outside.
  void put_set(std::string_view members, bool negated) {
    if (depth_ == 0) {
      out_.append(negated ? "[^" : "[").append(members).append("]");
    } else if (negated) {
      fail("a negated set of characters within a class");
    } else {
      out_ += members;
    }
  }
  void put_category(const std::string& category, bool negated) {
    const std::string extra = new_characters_of(category);
    if (!extra.empty() && !(negated && depth_ > 0)) {
      put_set(str_cat("\\p{", category, "}", extra), negated);
    } else {
      out_ += str_cat(negated ? "\\P{" : "\\p{", category, "}");
    }
  }

  void escape() {
    const char c = at_ + 1 < in_.size() ? in_[at_ + 1] : '\0';
    if (c == 'p' || c == 'P') return property();
    if (c == 'u') {
      out_ += str_cat("\\x{", in_.substr(std::min(at_ + 2, in_.size()), 4), "}");
      at_ = std::min(at_ + 6, in_.size());
      return;
    }
    if (c == 's' || c == 'S') {
      out_ += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
    } else if (c == 'd' || c == 'D') {
      put_category("Nd", c == 'D');
    } else if (c == 'w' || c == 'W') {
      put_set(
          str_cat(kWordCharacters, new_characters_of("L"), new_characters_of("M"), new_characters_of("Nd")),
          c == 'W');
    } else if (c == 'h' || c == 'H') {
      put_set("0-9A-Fa-f", c == 'H');
    } else {
      return copy(std::min<size_t>(2, in_.size() - at_));
    }
    at_ += 2;
  }

  // \p{L}, \p{^L}, \P{L}, \pL
  void property() {
    bool negated = in_[at_ + 1] == 'P';
    at_ += 2;
    std::string_view name = in_.substr(at_, 1);
    size_t length = 1;
    if (name == "{") {
      const size_t end = in_.find('}', at_);
      if (end == std::string_view::npos) fail("an unfinished \\p{");
      name = in_.substr(at_ + 1, end - at_ - 1);
      length = end + 1 - at_;
    }
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    at_ += length;
    put_category(category_of(name), negated);
  }

  void in_class() {
    if (next_is("&&")) fail("an intersection of classes");
    if (next_is("[:")) {
      const size_t end = in_.find(":]", at_);
      if (end != std::string_view::npos) return copy(end + 2 - at_);
    }
    if (next_is("[^")) fail("a negated class within a class");
    if (in_[at_] == '[') {
      ++depth_;
      ++at_;
    } else if (in_[at_] == ']') {
      if (--depth_ == 0) out_ += ']';
      ++at_;
    } else {
      copy(1);
    }
  }

  void outside() {
    if (in_[at_] == '[') {
      ++depth_;
      copy(next_is("[^") ? 2 : 1);
      if (next_is("]")) {  // first in a class: a character
        out_ += '\\';
        copy(1);
      }
    } else if (next_is("(?")) {
      const size_t end = in_.find_first_of(":)", at_);
      const std::string_view options = in_.substr(at_ + 2, end == std::string_view::npos ? 0 : end - at_ - 2);
      const bool is_options = options.find_first_not_of("imx-") == std::string_view::npos;
      if (is_options && options.find('m') != std::string_view::npos) fail("the option (?m)");
      copy(2);
    } else if (next_is("{,")) {  // {,n} is {0,n}
      out_ += "{0,";
      at_ += 2;
    } else if (next_is("}+")) {
      fail("a + after a {n,m}");
    } else {
      copy(1);
    }
  }

  std::string_view in_;
  const std::string& where_;
  std::string out_;
  size_t at_ = 0;
  int depth_ = 0;  // of nested classes
};

}  // namespace

std::string to_pcre2_syntax(const std::string& pattern, const std::string& where) {
  return Translator(pattern, where).run();
}

}  // namespace xlt
