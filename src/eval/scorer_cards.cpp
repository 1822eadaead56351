// SPDX-License-Identifier: Apache-2.0
#include "eval/scorer_cards.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

void check_scorer_is_asked(const JsonView& card, const std::string& hash,
                           const std::vector<TextScorer*>& scorers) {
  if (std::any_of(scorers.begin(), scorers.end(),
                  [&](const TextScorer* scorer) { return scorer->hash() == hash; }))
    return;
  std::string names;
  for (const TextScorer* scorer : scorers) names += (names.empty() ? "" : ", ") + scorer->name();
  throw Error(
      ErrorKind::kUsage,
      str_cat("the card is of \"", card.at("scorer").as_string(),
              "\" as it then was (scorer_hash); this evaluation asks ", names.empty() ? "none" : names,
              ". Make a card of what is asked, or leave this one out"),
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
