// SPDX-License-Identifier: Apache-2.0
// What is known of each language.
#include "findings/token_predictors.h"

#include <charconv>
#include <cmath>
#include <set>

#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"
#include "xlt/findings/predictors.h"

namespace xlt {

namespace {

struct LanguageFacts {
  const char* tag;
  double common_crawl, aya_samples, geo, fam, syntax;
};
constexpr LanguageFacts kFacts[] = {
#define X(tag, common_crawl, aya, geo, fam, syntax) {#tag, common_crawl, aya, geo, fam, syntax},
#include "findings/language_facts.def"
#undef X
};
constexpr double kAyaCollection = 513'758'189;  // samples of all its languages

const LanguageFacts* facts_of(const std::string& language) {
  for (const LanguageFacts& facts : kFacts)
    if (language_key(language) == facts.tag) return &facts;
  return nullptr;
}

void add_facts(const std::string& language, bool is_paper, Json& json) {
  const LanguageFacts* facts = facts_of(language);
  json["pretraining_share"] = facts ? Json(facts->common_crawl) : Json();
  // The published count of Chinese holds one of its entries only: known to be wrong, so used in paper mode
  // alone.
  const bool is_known = facts && (is_paper || language_key(language) != "zh");
  json["pretraining_share_aya"] = is_known ? Json(100 * facts->aya_samples / kAyaCollection) : Json();
}

Json typology_of(const std::string& language) {
  const LanguageFacts* facts = facts_of(language);
  if (!facts) return Json{{"geo", Json()}, {"fam", Json()}, {"syntax_average", Json()}};
  return Json{{"geo", facts->geo}, {"fam", facts->fam}, {"syntax_average", facts->syntax}};
}

// {layer: x, "mean"}
Json by_layer(const std::vector<double>& values) {
  if (values.empty()) return Json{{"mean", Json()}};
  Json json = Json::object();
  double sum = 0;
  for (size_t layer = 0; layer < values.size(); ++layer) {
    json[std::to_string(layer)] = values[layer];
    sum += values[layer];
  }
  json["mean"] = sum / static_cast<double>(values.size());
  return json;
}

Json number_of_cell(const Row& row, const std::string& column) {
  const Json& value = row.fields().at(column);
  if (value.is_number() || value.is_null()) return value;
  const std::string text = row.text(column);
  if (text.empty()) return Json();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    throw Error(ErrorKind::kData,
                "\"" + text + "\" in column \"" + column + "\" is no number; leave it empty where unknown",
                row.place());
  return number;
}

// column → language → number.
std::map<std::string, std::map<std::string, Json>> read_tables(const std::vector<std::string>& files) {
  std::map<std::string, std::map<std::string, Json>> columns;
  for (const std::string& file : files)
    for (const Row& row : read_rows(file)) {
      const std::string language = parse_language(row.text("language"));
      for (const auto& [column, value] : row.fields().items())
        if (column != "language") columns[column][language] = number_of_cell(row, column);
    }
  return columns;
}

std::set<std::string> languages_of(const PredictorsOptions& options, const Json& comparison,
                                   const ParallelTexts& texts) {
  std::set<std::string> languages;
  for (const Json& row : comparison.at("rows")) languages.insert(row.at("language").get<std::string>());
  for (const auto& [language, rows] : texts) languages.insert(language);
  languages.erase("mean_others");
  std::erase_if(languages, [&](const std::string& language) {
    return language_key(language) == language_key(options.source);
  });
  return languages;
}

}  // namespace

Json language_predictors(const PredictorsOptions& options, const Json& comparison, const ParallelTexts& texts,
                         const Tokenizer& tokenizer, const SentenceSimilarities& similarities) {
  const auto columns = read_tables(options.table);
  Json languages = Json::object();
  for (const std::string& language : languages_of(options, comparison, texts)) {
    Json json = Json::object();
    add_facts(language, options.is_paper(), json);
    json.update(
        token_predictors(tokenizer, paired_texts(texts, options.source, language), options.is_paper()));
    const auto similarity = similarities.find(language);
    const bool is_known = similarity != similarities.end();
    json["sentence_similarity"] = by_layer(is_known ? similarity->second.cosine : std::vector<double>());
    json["retrieval_accuracy"] = by_layer(is_known ? similarity->second.retrieval : std::vector<double>());
    json["typology"] = typology_of(language);
    for (const auto& [column, values] : columns) {
      const auto found = values.find(language);
      json[column] = found == values.end() ? Json() : found->second;
    }
    languages[language] = std::move(json);
  }
  return languages;
}

}  // namespace xlt
