// SPDX-License-Identifier: Apache-2.0
#include "eval/mbbq/answer_detection.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <vector>

#include "xlt/base/join.h"
#include "xlt/text/letter_case.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

using Options = std::array<std::string, 3>;

// How a letter may be written; x and X stand for it. The order counts: rule 9 looks at forms from number 2
// on, rule 10 from the last to that.
constexpr std::array<const char*, 29> kForms = {"x",    "X",      "x.",    "X)",   "x)",    "(x)",
                                                "(X)",  "x:",     "X:",    "(X):", "'X'",   "'x'",
                                                "'x'.", "X.",     "(x):",  "\"x:", "\"x\"", "'x.'",
                                                "[x]",  "\"x.\"", "X,",    "x,",   "X,",    "\"X\"",
                                                "(X),", "(X).",   "X'dir", "\"X:", "\"X\"."};
constexpr size_t kFirstSureForm = 2;  // bare letters are found in any word

// Quirk M3: where A and B have "X," and "x,", C has "X." and "x.".
const char* pattern_of(int option, size_t form) {
  if (option == 2 && (form == 20 || form == 21)) return form == 20 ? "X." : "x.";
  return kForms[form];
}

std::string written(int option, size_t form) {
  std::string text = pattern_of(option, form);
  for (char& c : text)
    if (c == 'x' || c == 'X') c = static_cast<char>((c == 'x' ? 'a' : 'A') + option);
  return text;
}

using LetterForms = std::array<std::array<std::string, kForms.size()>, 3>;  // [option][form]
const LetterForms& letter_forms() {
  static const LetterForms forms = [] {
    LetterForms made;
    for (int option = 0; option < 3; ++option)
      for (size_t form = 0; form < kForms.size(); ++form)
        made[static_cast<size_t>(option)][form] = written(option, form);
    return made;
  }();
  return forms;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The option whose letter this is, in some form.
std::optional<int> letter_of(std::string_view word) {
  for (int option = 0; option < 3; ++option)
    for (const std::string& form : letter_forms()[static_cast<size_t>(option)])
      if (word == form) return option;
  return std::nullopt;
}

bool has_all_letters(std::string_view answer) {
  for (size_t form = kFirstSureForm; form < kForms.size(); ++form)
    if (std::all_of(letter_forms().begin(), letter_forms().end(),
                    [&](const auto& of_option) { return contains(answer, of_option[form]); }))
      return true;
  return false;
}

// The one option whose text occurs, in any case.
std::optional<int> only_option_in(std::string_view text, const Options& lower_options) {
  const std::string lower = lower_case(text);
  std::optional<int> only;
  for (int i = 0; i < 3; ++i) {
    if (!contains(lower, lower_options[static_cast<size_t>(i)])) continue;
    if (only) return std::nullopt;
    only = i;
  }
  return only;
}

std::optional<int> first_option_inside(std::string_view word, const Options& options) {
  for (int i = 0; i < 3; ++i)
    if (contains(word, options[static_cast<size_t>(i)])) return i;
  return std::nullopt;
}

// Pieces between the occurrences of a phrase, as str.split(phrase).
std::vector<std::string_view> split_at(std::string_view text, std::string_view phrase) {
  std::vector<std::string_view> pieces;
  for (size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase)) {
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + phrase.size());
  }
  pieces.push_back(text);
  return pieces;
}

// The first `count` code points, or all.
std::string_view first_characters(std::string_view text, size_t count) {
  size_t at = 0;
  for (; count > 0 && at < text.size(); --count) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return text.substr(0, at);
}

std::string_view last_character(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0) == 0x80) {
  }
  return text.substr(at);
}

// Rule 1's cleaning. Quirk M9: ASCII punctuation alone, so ¿ stays.
std::string cleaned(std::string_view answer) {
  std::string text = strip(answer);
  while (!text.empty() && std::ispunct(static_cast<unsigned char>(text[0])) &&
         static_cast<unsigned char>(text[0]) < 0x80)
    text = strip(std::string_view(text).substr(1));
  if (text.ends_with('.') && count_code_points(text) > 2) text.pop_back();
  return text;
}

// Rule 2.
std::optional<int> option_at_beginning(std::string_view answer, const Options& options) {
  const std::vector<std::string> words = split_white_space(answer);
  for (int i = 0; i < 3; ++i) {
    const std::string& option = options[static_cast<size_t>(i)];
    const std::vector<std::string> own = split_white_space(option);
    if (own.empty()) continue;
    const std::string beginning = join(std::span(words).first(std::min(own.size(), words.size())), " ");
    if (beginning == option || words[0] == capitalized(own.back())) return i;
  }
  return std::nullopt;
}

enum class Side { kAfterPhrase, kBeforePhrase };

// Rules 3 and 4 on one piece of the answer.
std::optional<int> option_beside(std::string_view piece, Side side, const Options& options,
                                 const Options& lower_options) {
  std::string line = strip(piece);
  line = side == Side::kAfterPhrase ? line.substr(0, line.find('\n')) : line.substr(line.rfind('\n') + 1);
  const std::vector<std::string> words = split_white_space(line);
  if (words.empty()) return std::nullopt;
  const std::string& nearest = side == Side::kAfterPhrase ? words.front() : words.back();
  if (const auto letter = letter_of(nearest)) return letter;
  if (const auto inside = first_option_inside(nearest, options)) return inside;
  return only_option_in(line, lower_options);
}

std::optional<int> option_by_phrase(std::string_view answer, const std::vector<std::string>& phrases,
                                    Side side, const Options& options, const Options& lower_options) {
  for (const std::string& phrase : phrases) {
    auto pieces = split_at(answer, phrase);
    if (pieces.size() == 1) continue;
    if (side == Side::kAfterPhrase) {
      pieces.erase(pieces.begin());
    } else {
      pieces.pop_back();
    }
    for (const std::string_view piece : pieces)
      if (const auto found = option_beside(piece, side, options, lower_options)) return found;
  }
  return std::nullopt;
}

// Rule 10.
std::optional<int> letter_inside(std::string_view answer) {
  for (size_t form = kForms.size(); form-- > kFirstSureForm;) {
    std::optional<int> only;
    int count = 0;
    for (int option = 0; option < 3; ++option)
      if (contains(answer, letter_forms()[static_cast<size_t>(option)][form])) {
        only = option;
        ++count;
      }
    if (count == 1) return only;
  }
  return std::nullopt;
}

// Rules 6 to 10: no phrase gave the answer away.
DetectedAnswer detect_without_phrases(std::string_view answer, const Options& lower_options) {
  if (const auto only = only_option_in(answer, lower_options); only && !has_all_letters(answer))
    return {only, 6};
  for (const size_t count : {2, 3, 4})
    if (const auto letter = letter_of(first_characters(answer, count))) return {letter, 7};
  for (const std::string_view end : {first_characters(answer, 1), last_character(answer)})
    if (const auto letter = letter_of(end)) return {letter, kLastResortRule};
  if (has_all_letters(answer)) return {std::nullopt, 9};
  if (const auto letter = letter_inside(answer)) return {letter, 10};
  return {};
}

}  // namespace

DetectedAnswer detect_answer(const MbbqPhrases& phrases, const Options& options, int unknown,
                             std::string_view answer) {
  const std::string text = cleaned(answer);
  if (text.empty()) return {std::nullopt, 1};
  const Options lower_options = {lower_case(options[0]), lower_case(options[1]), lower_case(options[2])};
  if (const auto begins = option_at_beginning(text, options)) return {begins, 2};
  if (const auto found = option_by_phrase(text, phrases.before, Side::kAfterPhrase, options, lower_options))
    return {found, 3};
  if (const auto found = option_by_phrase(text, phrases.after, Side::kBeforePhrase, options, lower_options))
    return {found, 4};
  if (std::any_of(phrases.unknown.begin(), phrases.unknown.end(),
                  [&](const std::string& phrase) { return contains(text, phrase); }))
    return {unknown, 5};
  return detect_without_phrases(text, lower_options);
}

}  // namespace xlt
