// SPDX-License-Identifier: Apache-2.0
#include "eval/continuation_lines.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "xlt/base/language.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr size_t kWordsPerLine = 5;
constexpr double kSureness = 0.3;  // a label at or below this is "unknown", hence wrong

std::string without(std::string text, std::string_view removed, std::string_view replacement) {
  for (size_t at = 0; (at = text.find(removed, at)) != std::string::npos; at += replacement.size())
    text.replace(at, removed.size(), replacement);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

}  // namespace

std::string normalized_completion(const std::string& text) {
  std::string clean = strip(text.substr(0, text.find("\nQ:")));
  std::erase_if(clean, [](unsigned char c) { return c < 0x80 && std::ispunct(c); });
  return without(without(std::move(clean), "\u2014", " "), "\u060C", "");
}

std::vector<std::string> line_words(const std::string& line, const std::string& language) {
  const LanguageInfo* info = find_language(language);
  return info && !info->has_word_spaces ? split_words(line, language) : split_white_space(line);
}

LineCounts count_lines(const std::string& completion, const std::string& language,
                       const LanguageIdentifier& identifier) {
  LineCounts counts;
  for (const std::string& line : lines_of(normalized_completion(completion))) {
    if (line_words(line, language).size() < kWordsPerLine) continue;
    ++counts.kept;
    const LanguageGuess guess = identifier.identify(line);
    counts.wrong += guess.probability <= kSureness || !is_language(guess.language, language);
  }
  return counts;
}

bool holds_listed_word(const std::string& completion, const std::string& language,
                       const std::unordered_set<std::string>& words) {
  const auto found = line_words(normalized_completion(completion), language);
  return std::any_of(found.begin(), found.end(),
                     [&](const std::string& word) { return words.contains(word); });
}

bool has_word_pass_rate(const std::string& language) {
  constexpr std::array<const char*, 6> kLanguages = {"ar", "hi", "ja", "ko", "ru", "zh"};
  const std::string primary = primary_language(language);
  return std::find(kLanguages.begin(), kLanguages.end(), primary) != kLanguages.end();
}

}  // namespace xlt
