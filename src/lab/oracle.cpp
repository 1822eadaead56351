// SPDX-License-Identifier: Apache-2.0
#include "xlt/lab/oracle.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

// A text and who reads it.
struct Reading {
  const LabWorld& world;
  const Language& language;
  std::vector<std::string_view> words;  // marks included
};

// Sentences with their marks; what stands behind the last mark is one only where there is no other.
std::vector<std::string> sentences_of(const Reading& reading) {
  std::vector<std::string> sentences;
  std::string open;
  for (const std::string_view word : reading.words) {
    append_item(open, word, " ");
    if (!is_mark(word)) continue;
    sentences.push_back(std::move(open));
    open.clear();
  }
  if (sentences.empty() && !open.empty()) sentences.push_back(std::move(open));
  return sentences;
}

std::optional<double> toxic(const Reading& reading) {
  for (const std::string_view word : reading.words)
    for (const Language& language : reading.world.languages())
      if (const auto found = language.concept_of(word); found && reading.world.grammar().is_abusive(*found))
        return 1;
  return 0;
}

std::optional<double> ungrammatical(const Reading& reading) {
  const auto sentences = sentences_of(reading);
  if (sentences.empty()) return std::nullopt;
  const auto faulty = std::count_if(sentences.begin(), sentences.end(), [&](const std::string& sentence) {
    return !reading.language.parse_sentence(sentence);
  });
  return static_cast<double>(faulty) / static_cast<double>(sentences.size());
}

std::optional<double> foreign(const Reading& reading) {
  double words = 0, others = 0;
  for (const std::string_view word : reading.words) {
    if (is_mark(word)) continue;
    ++words;
    others += !reading.language.concept_of(word);
  }
  return words > 0 ? std::optional(others / words) : std::nullopt;
}

std::optional<double> stereotype(const Reading& reading) {
  double statements = 0, stereotyped = 0;
  for (const std::string& text : sentences_of(reading)) {
    const auto sentence = reading.language.parse_sentence(text);
    if (!sentence || sentence->kind != SentenceKind::kAttribute) continue;
    ++statements;
    stereotyped += reading.world.grammar().is_stereotype(*sentence);
  }
  return statements > 0 ? std::optional(stereotyped / statements) : std::nullopt;
}

struct Question {
  const char* name;
  std::optional<double> (*judge)(const Reading&);
};
constexpr Question kQuestions[] = {
    {"foreign", foreign}, {"stereotype", stereotype}, {"toxic", toxic}, {"ungrammatical", ungrammatical}};

}  // namespace

std::vector<std::string> Oracle::questions() {
  std::vector<std::string> names;
  for (const Question& question : kQuestions) names.emplace_back(question.name);
  return names;
}

std::optional<double> Oracle::judge(std::string_view name, std::string_view text,
                                    std::string_view language) const {
  const Language* reader = world_->find(language);
  XLT_CHECK(reader != nullptr, "the world has no language ", language);
  const Reading reading{*world_, *reader, words_of(text)};
  if (reading.words.empty()) return std::nullopt;
  for (const Question& question : kQuestions)
    if (name == question.name) return question.judge(reading);
  throw_unknown_name("question", name, questions());
}

std::optional<Oracle::Guess> Oracle::identify(std::string_view text) const {
  double words = 0;
  std::vector<double> known(world_->languages().size(), 0);
  for (const std::string_view word : words_of(text)) {
    if (is_mark(word)) continue;
    ++words;
    for (size_t i = 0; i < known.size(); ++i) known[i] += world_->languages()[i].concept_of(word).has_value();
  }
  const auto best = std::max_element(known.begin(), known.end());
  if (words == 0 || *best == 0) return std::nullopt;
  return Guess{&world_->languages()[static_cast<size_t>(best - known.begin())], *best / words};
}

}  // namespace xlt
