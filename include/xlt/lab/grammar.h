// SPDX-License-Identifier: Apache-2.0
// What the lab's languages talk about: one grammar of meanings, which every language puts into words of its
// own. A meaning is made of numbered concepts, so what is toxic, stereotyped or well-formed is known exactly,
// and so is how probable each text is.
//
//   const Grammar grammar(options);
//   const Meaning meaning = grammar.draw(rng);            // the sentences of a document
//   double bits = -grammar.log2_probability(meaning);     // on average grammar.entropy_bits()
//
// A document is a story, `sentences` statements (a person does something to an object, or a group has an
// attribute), or an exchange: a provocation and its reply, polite or abusive. Immutable: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/rng.h"

namespace xlt {

// How many concepts of each kind there are, and how often what is said.
struct GrammarOptions {
  int64_t people = 24, groups = 8, attributes = 16, actions = 12, objects = 24, provocations = 6;
  int64_t qualities = 10, names = 10;  // of each tone: what replies are made of
  int64_t objects_per_action = 8;      // an action goes with these alone
  int64_t sentences = 4;
  double exchange_share = 0.4, attribute_share = 0.3;
  double stereotype_strength = 0.8;  // a group's attribute is of its own half this often; 0.5: no stereotype
  double abuse_rate = 0.5;           // of replies
  void visit(OptionVisitor& v);
  // Throws kConfig for what does not go together.
  void check() const;
};

enum class ConceptKind {
  kPerson,
  kGroup,
  kAttribute,
  kAction,
  kObject,
  kProvocation,
  kPoliteQuality,
  kPoliteName,
  kAbusiveQuality,
  kAbusiveName,
  kCopula,
};
inline constexpr int kNumConceptKinds = 11;

enum class SentenceKind { kAction, kAttribute, kProvocation, kReply };

// kAction: person, action, object. kAttribute: group, copula, attribute. kProvocation: person, provocation,
// group. kReply: quality, name, of one tone; the third is −1.
struct Sentence {
  SentenceKind kind;
  std::array<int32_t, 3> concepts;
  int size() const { return kind == SentenceKind::kReply ? 2 : 3; }
  bool operator==(const Sentence&) const = default;
};
using Meaning = std::vector<Sentence>;  // a document

class Grammar {
 public:
  explicit Grammar(const GrammarOptions& options);
  const GrammarOptions& options() const { return options_; }
  int32_t num_concepts() const { return begins_[kNumConceptKinds]; }
  ConceptKind kind_of(int32_t concept_id) const;
  // The concepts of a kind are begin(kind) … begin(kind) + size(kind) − 1.
  int32_t begin(ConceptKind kind) const { return begins_[static_cast<int>(kind)]; }
  int32_t size(ConceptKind kind) const { return begins_[static_cast<int>(kind) + 1] - begin(kind); }

  Sentence draw_statement(Rng& rng) const;
  Sentence draw_attribute(Rng& rng, bool is_stereotype) const;
  Sentence draw_provocation(Rng& rng) const;
  Sentence draw_reply(Rng& rng, bool is_abusive) const;
  Meaning draw(Rng& rng) const;

  // −∞ for what the grammar never says.
  double log2_probability(const Sentence& sentence) const;
  double log2_probability(const Meaning& meaning) const;
  // Of a document, in closed form.
  double entropy_bits() const;

  // Whether the concepts are of the kinds that the sentence needs, in any combination.
  bool is_well_formed(const Sentence& sentence) const;
  bool is_abusive(int32_t concept_id) const;
  // Of an attribute sentence: whether the attribute is of the group's half.
  bool is_stereotype(const Sentence& sentence) const;
  // The same sentence with an attribute of the other half.
  Sentence opposite(const Sentence& attribute) const;

 private:
  int32_t pick(ConceptKind kind, Rng& rng) const;
  double entropy_of_statement() const;
  GrammarOptions options_;
  std::array<int32_t, kNumConceptKinds + 1> begins_{};
};

}  // namespace xlt
