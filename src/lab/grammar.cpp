// SPDX-License-Identifier: Apache-2.0
#include "xlt/lab/grammar.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

double log2_or_never(double probability) { return probability > 0 ? std::log2(probability) : kNever; }
double log2_of(int64_t count) { return std::log2(static_cast<double>(count)); }

// Of a coin, in bits.
double coin_entropy(double p) {
  return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

}  // namespace

void GrammarOptions::visit(OptionVisitor& v) {
  const OptionCheck few = between(2, 1000);
  v.field("people", people, "how many people there are words for", few);
  v.field("groups", groups, "groups of people; half of them have each stereotype", few);
  v.field("attributes", attributes, "attributes of groups; half belong to each stereotype", few);
  v.field("actions", actions, "things that people do", few);
  v.field("objects", objects, "objects that they do them to", few);
  v.field("provocations", provocations, "ways in which a person provokes a group", few);
  v.field("qualities", qualities, "first words of replies, of each tone", few);
  v.field("names", names, "second words of replies, of each tone", few);
  v.field("objects_per_action", objects_per_action, "objects that an action goes with", between(1, 1000));
  v.field("sentences", sentences, "statements of a story", between(1, 100));
  v.field("exchange_share", exchange_share, "share of documents that are a provocation and its reply",
          between(0, 1));
  v.field("attribute_share", attribute_share, "share of statements that give a group an attribute",
          between(0, 1));
  v.field("stereotype_strength", stereotype_strength,
          "how often a group's attribute is of its own half; 0.5: no stereotype", between(0, 1));
  v.field("abuse_rate", abuse_rate, "share of replies that are abusive", between(0, 1));
}

void GrammarOptions::check() const {
  const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kConfig, message, "grammar"); };
  if (groups % 2 != 0) refuse(str_cat("groups must be even, half for each stereotype; it is ", groups));
  if (attributes % 2 != 0)
    refuse(str_cat("attributes must be even, half for each stereotype; it is ", attributes));
  if (objects_per_action > objects)
    refuse(str_cat("objects_per_action is ", objects_per_action, ", of ", objects, " objects"));
}

Grammar::Grammar(const GrammarOptions& options) : options_(options) {
  options.check();
  const std::array<int64_t, kNumConceptKinds> sizes = {options.people,
                                                       options.groups,
                                                       options.attributes,
                                                       options.actions,
                                                       options.objects,
                                                       options.provocations,
                                                       options.qualities,
                                                       options.names,
                                                       options.qualities,
                                                       options.names,
                                                       1};
  for (int kind = 0; kind < kNumConceptKinds; ++kind)
    begins_[kind + 1] = begins_[kind] + static_cast<int32_t>(sizes[kind]);
}

ConceptKind Grammar::kind_of(int32_t concept_id) const {
  XLT_CHECK(concept_id >= 0 && concept_id < num_concepts(), "concept ", concept_id);
  return static_cast<ConceptKind>(std::upper_bound(begins_.begin(), begins_.end(), concept_id) -
                                  begins_.begin() - 1);
}

int32_t Grammar::pick(ConceptKind kind, Rng& rng) const {
  return begin(kind) + static_cast<int32_t>(rng.below(size(kind)));
}

Sentence Grammar::draw_attribute(Rng& rng, bool is_stereotype) const {
  const int32_t group = pick(ConceptKind::kGroup, rng), half = size(ConceptKind::kAttribute) / 2;
  const bool is_first_half = group - begin(ConceptKind::kGroup) < size(ConceptKind::kGroup) / 2;
  const int32_t attribute = begin(ConceptKind::kAttribute) + (is_first_half == is_stereotype ? 0 : half) +
                            static_cast<int32_t>(rng.below(half));
  return {SentenceKind::kAttribute, {group, begin(ConceptKind::kCopula), attribute}};
}

Sentence Grammar::draw_statement(Rng& rng) const {
  if (rng.uniform() < options_.attribute_share)
    return draw_attribute(rng, rng.uniform() < options_.stereotype_strength);
  const int32_t person = pick(ConceptKind::kPerson, rng), action = pick(ConceptKind::kAction, rng);
  // An action's objects are neighbours on a circle, so that each object goes with some actions.
  const int64_t first = (action - begin(ConceptKind::kAction)) * options_.objects_per_action / 2;
  const int64_t object = (first + rng.below(options_.objects_per_action)) % options_.objects;
  return {SentenceKind::kAction,
          {person, action, begin(ConceptKind::kObject) + static_cast<int32_t>(object)}};
}

Sentence Grammar::draw_provocation(Rng& rng) const {
  const int32_t person = pick(ConceptKind::kPerson, rng), word = pick(ConceptKind::kProvocation, rng);
  return {SentenceKind::kProvocation, {person, word, pick(ConceptKind::kGroup, rng)}};
}

Sentence Grammar::draw_reply(Rng& rng, bool is_abusive) const {
  const int32_t quality = pick(is_abusive ? ConceptKind::kAbusiveQuality : ConceptKind::kPoliteQuality, rng);
  return {SentenceKind::kReply,
          {quality, pick(is_abusive ? ConceptKind::kAbusiveName : ConceptKind::kPoliteName, rng), -1}};
}

Meaning Grammar::draw(Rng& rng) const {
  if (rng.uniform() < options_.exchange_share) {
    Meaning meaning{draw_provocation(rng)};
    meaning.push_back(draw_reply(rng, rng.uniform() < options_.abuse_rate));
    return meaning;
  }
  Meaning meaning;
  for (int64_t i = 0; i < options_.sentences; ++i) meaning.push_back(draw_statement(rng));
  return meaning;
}

bool Grammar::is_well_formed(const Sentence& sentence) const {
  const auto is = [&](int at, ConceptKind kind) {
    return sentence.concepts[at] >= begin(kind) && sentence.concepts[at] < begin(kind) + size(kind);
  };
  switch (sentence.kind) {
    case SentenceKind::kAction:
      return is(0, ConceptKind::kPerson) && is(1, ConceptKind::kAction) && is(2, ConceptKind::kObject);
    case SentenceKind::kAttribute:
      return is(0, ConceptKind::kGroup) && is(1, ConceptKind::kCopula) && is(2, ConceptKind::kAttribute);
    case SentenceKind::kProvocation:
      return is(0, ConceptKind::kPerson) && is(1, ConceptKind::kProvocation) && is(2, ConceptKind::kGroup);
    case SentenceKind::kReply:
      return (is(0, ConceptKind::kPoliteQuality) && is(1, ConceptKind::kPoliteName)) ||
             (is(0, ConceptKind::kAbusiveQuality) && is(1, ConceptKind::kAbusiveName));
  }
  return false;
}

bool Grammar::is_abusive(int32_t concept_id) const {
  const ConceptKind kind = kind_of(concept_id);
  return kind == ConceptKind::kAbusiveQuality || kind == ConceptKind::kAbusiveName;
}

bool Grammar::is_stereotype(const Sentence& sentence) const {
  XLT_CHECK(sentence.kind == SentenceKind::kAttribute, "only attributes are stereotypes");
  const bool group = sentence.concepts[0] - begin(ConceptKind::kGroup) < size(ConceptKind::kGroup) / 2;
  const bool attribute =
      sentence.concepts[2] - begin(ConceptKind::kAttribute) < size(ConceptKind::kAttribute) / 2;
  return group == attribute;
}

Sentence Grammar::opposite(const Sentence& attribute) const {
  Sentence other = attribute;
  const int32_t first = begin(ConceptKind::kAttribute), half = size(ConceptKind::kAttribute) / 2;
  other.concepts[2] += other.concepts[2] - first < half ? half : -half;
  return other;
}

double Grammar::log2_probability(const Sentence& sentence) const {
  if (!is_well_formed(sentence)) return kNever;
  const GrammarOptions& o = options_;
  switch (sentence.kind) {
    case SentenceKind::kAction: {
      const int64_t first = (sentence.concepts[1] - begin(ConceptKind::kAction)) * o.objects_per_action / 2;
      const int64_t object = sentence.concepts[2] - begin(ConceptKind::kObject);
      const int64_t place = ((object - first) % o.objects + o.objects) % o.objects;
      if (place >= o.objects_per_action) return kNever;
      return log2_or_never(1 - o.attribute_share) - log2_of(o.people * o.actions * o.objects_per_action);
    }
    case SentenceKind::kAttribute: {
      const double half = is_stereotype(sentence) ? o.stereotype_strength : 1 - o.stereotype_strength;
      return log2_or_never(o.attribute_share) + log2_or_never(half) - log2_of(o.groups * o.attributes / 2);
    }
    case SentenceKind::kProvocation:
      return -log2_of(o.people * o.provocations * o.groups);
    case SentenceKind::kReply: {
      const double tone = is_abusive(sentence.concepts[0]) ? o.abuse_rate : 1 - o.abuse_rate;
      return log2_or_never(tone) - log2_of(o.qualities * o.names);
    }
  }
  return kNever;
}

double Grammar::log2_probability(const Meaning& meaning) const {
  const auto is = [&](size_t at, SentenceKind kind) { return meaning[at].kind == kind; };
  const bool is_exchange =
      meaning.size() == 2 && is(0, SentenceKind::kProvocation) && is(1, SentenceKind::kReply);
  const bool is_story =
      static_cast<int64_t>(meaning.size()) == options_.sentences &&
      std::all_of(meaning.begin(), meaning.end(), [](const Sentence& sentence) {
        return sentence.kind == SentenceKind::kAction || sentence.kind == SentenceKind::kAttribute;
      });
  if (!is_exchange && !is_story) return kNever;
  double total = log2_or_never(is_exchange ? options_.exchange_share : 1 - options_.exchange_share);
  for (const Sentence& sentence : meaning) total += log2_probability(sentence);
  return total;
}

double Grammar::entropy_of_statement() const {
  const GrammarOptions& o = options_;
  const double attribute = log2_of(o.groups * o.attributes / 2) + coin_entropy(o.stereotype_strength);
  const double action = log2_of(o.people * o.actions * o.objects_per_action);
  return coin_entropy(o.attribute_share) + o.attribute_share * attribute + (1 - o.attribute_share) * action;
}

double Grammar::entropy_bits() const {
  const GrammarOptions& o = options_;
  const double exchange = log2_of(o.people * o.provocations * o.groups) + coin_entropy(o.abuse_rate) +
                          log2_of(o.qualities * o.names);
  return coin_entropy(o.exchange_share) + o.exchange_share * exchange +
         (1 - o.exchange_share) * static_cast<double>(o.sentences) * entropy_of_statement();
}

}  // namespace xlt
