// SPDX-License-Identifier: Apache-2.0
#include "text/word_split.h"

#include "text/pattern.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

#include <memory>
#include <tuple>

namespace xlt {

namespace {

struct BehaviorName {
  const char* name;
  Behavior behavior;
};
constexpr BehaviorName kBehaviors[] = {{"Removed", Behavior::kRemoved},
                                       {"Isolated", Behavior::kIsolated},
                                       {"MergedWithPrevious", Behavior::kMergedWithPrevious},
                                       {"MergedWithNext", Behavior::kMergedWithNext},
                                       {"Contiguous", Behavior::kContiguous}};

// Pieces of the text between and at the matches, as `behavior` joins them.
Ranges split(size_t size, const Ranges& matches, Behavior behavior, bool invert) {
  std::vector<std::tuple<size_t, size_t, bool>> pieces;
  size_t done = 0;
  for (const auto& [begin, end] : matches) {
    if (begin > done) pieces.emplace_back(done, begin, invert);
    pieces.emplace_back(begin, end, !invert);
    done = end;
  }
  if (done < size) pieces.emplace_back(done, size, invert);
  Ranges out;
  bool last_is_match = false;
  for (const auto& [begin, end, is_match] : pieces) {
    const bool joins_last =
        !out.empty() && ((behavior == Behavior::kMergedWithPrevious && is_match && !last_is_match) ||
                         (behavior == Behavior::kMergedWithNext && !is_match && last_is_match) ||
                         (behavior == Behavior::kContiguous && is_match == last_is_match));
    if (joins_last) {
      out.back().second = end;
    } else if (behavior != Behavior::kRemoved || !is_match) {
      out.emplace_back(begin, end);
    }
    last_is_match = is_match;
  }
  std::erase_if(out, [](const auto& range) { return range.first == range.second; });  // left by empty matches
  return out;
}

}  // namespace

Finder find_pattern(const std::string& pattern, const std::string& where) {
  const auto compiled = std::make_shared<Pattern>(pattern, where);
  return [compiled](const std::string& text) {
    Ranges ranges;
    compiled->for_each(text, [&](size_t begin, size_t end) { ranges.emplace_back(begin, end); });
    return ranges;
  };
}

Finder find_text(const std::string& wanted) {
  return [wanted](const std::string& text) {
    Ranges ranges;
    for (size_t at = 0; !wanted.empty() && (at = text.find(wanted, at)) != std::string::npos;
         at += wanted.size())
      ranges.emplace_back(at, at + wanted.size());
    return ranges;
  };
}

Finder find_characters(bool (*is_wanted)(char32_t)) {
  return [is_wanted](const std::string& text) {
    Ranges ranges;
    for (size_t i = 0; i < text.size(); i += utf8_length(text[i]))
      if (is_wanted(decode_utf8(text, i))) ranges.emplace_back(i, i + utf8_length(text[i]));
    return ranges;
  };
}

bool is_punctuation(char32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  if (c == 0x166D || c == 0x111C9) return true;  // were punctuation then
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_P_MASK) != 0 &&
         is_in_unicode(c, kUnicodeOfCategories);
}

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

Behavior parse_behavior(const JsonView& json) {
  const std::string name = json.as_string();
  for (const BehaviorName& row : kBehaviors)
    if (name == row.name) return row.behavior;
  json.fail(str_cat("\"", name, "\" is not supported"));
}

PreTokenizerStep split_by(Finder find, Behavior behavior, bool invert) {
  return [=](const std::vector<Word>& words) {
    std::vector<Word> out;
    for (const Word& word : words)
      for (const auto& [begin, end] : split(word.text.size(), find(word.text), behavior, invert))
        out.push_back({word.text.substr(begin, end - begin), word.is_at_start && begin == 0});
    return out;
  };
}

}  // namespace xlt
