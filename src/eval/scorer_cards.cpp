// SPDX-License-Identifier: Apache-2.0
#include "eval/scorer_cards.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

bool is_word_list(const std::string& name) { return name.starts_with("word_list"); }

// Of one name are often two scorers, by what they are made of.
std::string with_hash(const std::string& name, const std::string& hash) {
  return str_cat(name, " (", hash.substr(0, 8), ")");
}

// Lists are called alike wherever they lie, and what is asked by default stands in no command.
std::string advice_on_card(const std::string& of_card, const std::vector<TextScorer*>& scorers) {
  const bool are_lists = is_word_list(of_card) &&
                         std::any_of(scorers.begin(), scorers.end(),
                                     [](const TextScorer* scorer) { return is_word_list(scorer->name()); });
  if (!are_lists) return "Make a card of what is asked";
  return "The card is of other lists. Make one of those that are asked: xlt card --scorer word_list "
         "--toxic-words DATA, of DATA/toxic_words; xlt card --scorer word_list:DIR, of a folder that "
         "--scorer "
         "names";
}

void check_scorer_is_asked(const JsonView& card, const std::string& hash,
                           const std::vector<TextScorer*>& scorers) {
  if (std::any_of(scorers.begin(), scorers.end(),
                  [&](const TextScorer* scorer) { return scorer->hash() == hash; }))
    return;
  const std::string of_card = card.at("scorer").as_string();
  const std::string asked =
      join(scorers, ", ", [](const TextScorer* scorer) { return with_hash(scorer->name(), scorer->hash()); });
  throw Error(ErrorKind::kUsage,
              str_cat("the card is of ", with_hash(of_card, hash),
                      ", by its scorer_hash; this evaluation asks ", asked.empty() ? "none" : asked, ". ",
                      advice_on_card(of_card, scorers), "; or leave this one out"),
              card.place());
}

}  // namespace

ScorerCards::ScorerCards(const std::vector<std::string>& files, const std::vector<TextScorer*>& scorers) {
  for (const std::string& file : files) {
    Json json = load_json(file);
    const JsonView card(json, file);
    const std::string hash = card.at("scorer_hash").as_string();
    check_scorer_is_asked(card, hash, scorers);
    for (const std::string& language : card.at("languages").keys())
      for (const char* field : {"n", "auc", "auc_ci95"})
        if (!card.at("languages").at(language).value().contains(field))
          card.at("languages")
              .at(language)
              .fail(str_cat("no field \"", field, "\"; expected a card of xlt card"));
    if (!by_hash_.emplace(hash, std::move(json["languages"])).second)
      throw Error(ErrorKind::kUsage, "is the second card of one scorer; give one", file);
  }
}

Json ScorerCards::of(const std::string& scorer_hash, const std::string& language) const {
  const auto found = by_hash_.find(scorer_hash);
  if (found == by_hash_.end()) return nullptr;
  const Json& languages = found->second;
  auto row = languages.find(language);
  for (auto other = languages.begin(); row == languages.end() && other != languages.end(); ++other)
    if (other.key() != "und" && language_key(other.key()) == language_key(language)) row = other;
  if (row == languages.end()) return {{"auc", nullptr}, {"reason", "the card has no rows in this language"}};
  Json json{{"auc", row->at("auc")}, {"auc_ci95", row->at("auc_ci95")}, {"n", row->at("n")}};
  if (row->at("auc").is_null()) json["reason"] = "the card's scored rows in this language are of one class";
  return json;
}

}  // namespace xlt
