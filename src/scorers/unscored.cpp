// SPDX-License-Identifier: Apache-2.0
#include "xlt/scorers/unscored.h"

#include <optional>

namespace xlt {

namespace {

struct Sentence {
  Reason code;
  std::string_view text;
};
constexpr Sentence kSentences[] = {
#define X(code, sentence) {Reason::code, sentence},
#include "xlt/scorers/reasons.def"
#undef X
};
constexpr std::string_view kHole = "{}";

// What stands in the sentence's hole, where `text` is that sentence.
std::optional<std::string> subject_of(std::string_view sentence, std::string_view text) {
  const size_t hole = sentence.find(kHole);
  if (hole == std::string_view::npos) return sentence == text ? std::optional(std::string()) : std::nullopt;
  const std::string_view before = sentence.substr(0, hole), after = sentence.substr(hole + kHole.size());
  if (text.size() < before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after))
    return std::nullopt;
  return std::string(text.substr(hole, text.size() - before.size() - after.size()));
}

}  // namespace

std::string Unscored::text() const {
  for (const Sentence& sentence : kSentences) {
    if (sentence.code != code) continue;
    std::string text(sentence.text);
    if (const size_t hole = text.find(kHole); hole != std::string::npos)
      text.replace(hole, kHole.size(), subject);
    return text;
  }
  return "";
}

bool is_fault(Reason code) {
  switch (code) {
    case Reason::kAnswerNoJson:
    case Reason::kAnswerWithoutScore:
    case Reason::kLineNoJson:
    case Reason::kLineWithoutScore:
    case Reason::kNoAnswer:
    case Reason::kRowCount:
    case Reason::kScoreOutside:
      return true;
    default:
      return false;
  }
}

Unscored parse_unscored(std::string_view text) {
  if (text.empty()) return {};
  for (const Sentence& sentence : kSentences) {
    if (sentence.code == Reason::kOther) continue;  // fits every text
    if (auto subject = subject_of(sentence.text, text)) return {sentence.code, std::move(*subject)};
  }
  return {Reason::kOther, std::string(text)};
}

}  // namespace xlt
