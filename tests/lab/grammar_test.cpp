// SPDX-License-Identifier: Apache-2.0
// The grammar says how probable each meaning is: held against what it draws.
#include "xlt/lab/grammar.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt {
namespace {

// Small enough that every meaning can be listed.
GrammarOptions small() {
  GrammarOptions options;
  options.people = 2, options.groups = 2, options.attributes = 4, options.actions = 2, options.objects = 3;
  options.provocations = 2, options.qualities = 2, options.names = 2, options.objects_per_action = 2;
  options.sentences = 1;
  return options;
}

TEST(Grammar, ProbabilitiesOfAllMeaningsSumToOneAndGiveTheEntropy) {
  const Grammar grammar(small());
  Rng rng(1);
  std::map<std::vector<int32_t>, Meaning> drawn;  // 20,000 draws find all 2·4·… meanings
  for (int i = 0; i < 20000; ++i) {
    const Meaning meaning = grammar.draw(rng);
    std::vector<int32_t> key;
    for (const Sentence& sentence : meaning)
      key.insert(key.end(), sentence.concepts.begin(), sentence.concepts.end());
    drawn.emplace(std::move(key), meaning);
  }
  double total = 0, entropy = 0;
  for (const auto& [key, meaning] : drawn) {
    const double bits = grammar.log2_probability(meaning);
    total += std::exp2(bits);
    entropy -= std::exp2(bits) * bits;
  }
  // 2·2·2 actions, 2·4 attributes, 2·2·2 provocations times 2·2·2 replies.
  EXPECT_EQ(drawn.size(), 8u + 8u + 64u);
  EXPECT_NEAR(total, 1, 1e-12);
  EXPECT_NEAR(grammar.entropy_bits(), entropy, 1e-12);
}

TEST(Grammar, EntropyOfTheUsualOneIsThatOfItsCorpus) {
  const Grammar grammar{GrammarOptions{}};
  constexpr int kDocuments = 20000;
  Rng rng(2);
  double sum = 0, squares = 0;
  for (int i = 0; i < kDocuments; ++i) {
    const double bits = -grammar.log2_probability(grammar.draw(rng));
    sum += bits;
    squares += bits * bits;
  }
  const double mean = sum / kDocuments, sd = std::sqrt(squares / kDocuments - mean * mean);
  EXPECT_NEAR(mean, grammar.entropy_bits(), 4 * sd / std::sqrt(kDocuments));
}

TEST(Grammar, SaysStereotypesAndAbuseAsOftenAsItShould) {
  GrammarOptions options;
  options.stereotype_strength = 0.9;
  options.abuse_rate = 0.25;
  const Grammar grammar(options);
  Rng rng(3);
  double attributes = 0, stereotypes = 0, replies = 0, abusive = 0;
  for (int i = 0; i < 20000; ++i)
    for (const Sentence& sentence : grammar.draw(rng)) {
      ASSERT_TRUE(grammar.is_well_formed(sentence));
      if (sentence.kind == SentenceKind::kAttribute) {
        ++attributes;
        stereotypes += grammar.is_stereotype(sentence);
        EXPECT_NE(grammar.is_stereotype(sentence), grammar.is_stereotype(grammar.opposite(sentence)));
      } else if (sentence.kind == SentenceKind::kReply) {
        ++replies;
        abusive += grammar.is_abusive(sentence.concepts[0]);
        EXPECT_EQ(grammar.is_abusive(sentence.concepts[0]), grammar.is_abusive(sentence.concepts[1]));
      }
    }
  // Four standard errors.
  EXPECT_NEAR(stereotypes / attributes, 0.9, 4 * std::sqrt(0.09 / attributes));
  EXPECT_NEAR(abusive / replies, 0.25, 4 * std::sqrt(0.1875 / replies));
}

TEST(Grammar, WhatItNeverSaysHasNoProbability) {
  const Grammar grammar(small());
  const int32_t person = grammar.begin(ConceptKind::kPerson), action = grammar.begin(ConceptKind::kAction);
  const int32_t object = grammar.begin(ConceptKind::kObject);
  // The first action goes with objects 0 and 1 of three.
  EXPECT_TRUE(
      std::isfinite(grammar.log2_probability(Sentence{SentenceKind::kAction, {person, action, object}})));
  EXPECT_TRUE(
      std::isinf(grammar.log2_probability(Sentence{SentenceKind::kAction, {person, action, object + 2}})));
  EXPECT_FALSE(grammar.is_well_formed({SentenceKind::kAction, {action, person, object}}));
  Rng rng(4);
  const Sentence provocation = grammar.draw_provocation(rng), reply = grammar.draw_reply(rng, true);
  EXPECT_TRUE(std::isinf(grammar.log2_probability(Meaning{reply, provocation})));
  EXPECT_TRUE(std::isinf(grammar.log2_probability(Meaning{provocation})));
}

TEST(Grammar, RefusesCountsThatDoNotGoTogether) {
  GrammarOptions options = small();
  options.groups = 3;
  EXPECT_THROW(Grammar{options}, Error);
  options = small();
  options.objects_per_action = 4;
  EXPECT_THROW(Grammar{options}, Error);
}

}  // namespace
}  // namespace xlt
