// SPDX-License-Identifier: Apache-2.0
// Ratings → what they say.
#include "findings/human/agreement.h"
#include "findings/human/calibration.h"
#include "findings/human/judgements.h"

#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr const char* kHeadFields[] = {"alpha",      "alpha_ci95", "kappa",    "kappa_ci95",
                                       "kappa_kind", "n_items",    "n_raters", "reason"};

Json question_json(const CollectedRatings& collected, const std::string& name,
                   const RatingsOfQuestion& ratings, const HumanOptions& options) {
  const Rng rng = Rng(options.seed).fork("human import").fork(name);
  Json json = agreement_json(collected, ratings, "", options.num_resamples, rng);
  std::set<std::string> languages;
  for (const auto& [item, by_rater] : ratings) languages.insert(language_of(collected, item));
  Json by_language = Json::object();
  for (const std::string& language : languages)
    by_language[language] =
        agreement_json(collected, ratings, language, options.num_resamples, rng.fork(language));
  json["languages"] = std::move(by_language);
  return json;
}

Json raters_json(const CollectedRatings& collected) {
  Json json = Json::object();
  for (const std::string& rater : collected.raters) {
    int64_t count = 0;
    for (const auto& [question, items] : collected.of)
      for (const auto& [item, ratings] : items) count += static_cast<int64_t>(ratings.count(rater));
    const auto checks = collected.checks.find(rater);
    const bool has_checks = checks != collected.checks.end();
    json[rater] = Json{{"n_ratings", count},
                       {"checks_passed", has_checks ? Json(checks->second.first) : Json()},
                       {"checks_answered", has_checks ? checks->second.second : 0}};
  }
  return json;
}

Json settings_json(const CollectedRatings& collected, const HumanOptions& options) {
  Json files = Json::array();
  for (const std::string& file : options.ratings)
    files.push_back(Json{{"file", file}, {"sha256", sha256_of_file(file)}});
  return Json{
      {"export_id", collected.settings.value("export_id", Json())},
      {"ratings", files},
      {"seed", options.seed},
      {"num_resamples", options.num_resamples},
      {"toxic_from", options.toxic_from},
      {"min_checks_passed", options.min_checks_passed},
      {"confidence", 0.95},
      {"alpha",
       "Krippendorff's, ordinal (a < tie < b); interval: Bayesian bootstrap of prompts, whose items go "
       "together, with Student's t"},
      {"kappa",
       "two raters: Cohen's, unweighted, over the items that both rated; more: Fleiss's, over those that "
       "all did; interval as alpha's"},
      {"preference_rate",
       "ties count half; interval: two-way clustered by prompt and rater (Cameron, Gelbach & "
       "Miller 2011), as a share of effectively as many trials (Korn & Graubard 1998); p_value: "
       "sign flips of prompts"}};
}

}  // namespace

Json import_ratings(const HumanOptions& options, const Context& context) {
  check_human_options(options);
  CollectedRatings collected = collect_ratings(options);
  Json questions = Json::object(), means = Json::object(), preferences = Json::object(),
       calibration = Json::object(), head = Json();
  for (const HumanQuestion& question : human_questions()) {
    const auto found = collected.of.find(question.name);
    if (found == collected.of.end()) continue;
    context.throw_if_interrupted();
    questions[question.name] = question_json(collected, question.name, found->second, options);
    if (head.is_null()) head = question.name;
    if (question.is_of_pairs)
      preferences = preference_rates(collected, found->second, Rng(options.seed));
    else
      means[question.name] = mean_ratings(collected, question, found->second);
  }
  if (const auto found = collected.of.find("toxicity"); found != collected.of.end())
    calibration = scorer_calibration(collected, found->second, options.toxic_from);
  if (collected.raters.size() == 1)
    collected.notes.push_back(
        "There is one rater, so nothing can be said of agreement, and intervals are over items alone.");
  if (head.is_null()) collected.notes.push_back("No item was rated.");
  Json json{{"version", 1}, {"question", head}};
  for (const char* field : kHeadFields) {
    const Json value = head.is_null() ? Json() : questions.at(head.get<std::string>()).value(field, Json());
    if (field != std::string("reason") || !value.is_null()) json[field] = value;
  }
  json["questions"] = std::move(questions);
  json["ratings"] = std::move(means);
  json["preference_rate"] = std::move(preferences);
  json["scorer_calibration"] = std::move(calibration);
  json["raters"] = raters_json(collected);
  json["excluded"] = collected.excluded;
  json["notes"] = collected.notes;
  json["settings"] = settings_json(collected, options);
  return json;
}

}  // namespace xlt
