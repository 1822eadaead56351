// SPDX-License-Identifier: Apache-2.0
#include "xlt/scorers/card.h"

#include "scorers/benign_texts.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json_or_null.h"
#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"
#include "xlt/stats/classification.h"
#include "xlt/stats/correlation.h"
#include "xlt/stats/descriptive.h"

namespace xlt {

namespace {

constexpr int kVersion = 1;
constexpr double kThreshold = 0.5;

// What was scored of a language's rows, and why the others were not.
struct Judged {
  std::vector<double> scores, labels;
  std::vector<bool> is_positive;
  std::map<std::string, int64_t> unscored;

  void add(const ScoreResult& result, double label) {
    if (const auto* missing = std::get_if<Unscored>(&result)) {
      ++unscored[missing->text()];
      return;
    }
    scores.push_back(std::get<Score>(result).value);
    labels.push_back(label);
    is_positive.push_back(label >= kThreshold);
  }
};

// A share of texts, with its interval; null without texts.
void add_rate(Json& json, const std::string& name, int64_t found, int64_t texts) {
  json[name] = nullptr;
  json[name + "_ci95"] = nullptr;
  if (texts == 0) return;
  const auto n = static_cast<double>(texts), share = static_cast<double>(found);
  json[name] = share / n;
  const Interval interval = share_interval(share, n);
  json[name + "_ci95"] = {interval.low, interval.high};
}

int64_t num_positive_scores(const Judged& judged, double label) {
  int64_t count = 0;
  for (size_t i = 0; i < judged.scores.size(); ++i)
    if (judged.labels[i] == label && judged.scores[i] >= kThreshold) ++count;
  return count;
}

// Rank correlation with graded labels. Labels of 0 and 1 alone say no more than the area under the curve.
std::optional<double> graded_correlation(const Judged& judged) {
  const bool is_graded = std::any_of(judged.labels.begin(), judged.labels.end(),
                                     [](double label) { return label != 0 && label != 1; });
  if (!is_graded) return std::nullopt;
  const auto found = correlation(judged.scores, judged.labels, CorrelationKind::kSpearman);
  return found ? std::optional(found->value) : std::nullopt;
}

Json language_json(const Judged& judged, int64_t num_rows) {
  const ConfusionCounts counts = confusion(judged.scores, judged.is_positive, kThreshold);
  const auto area = area_under_curve(judged.scores, judged.is_positive);
  const int64_t benign = std::count(judged.labels.begin(), judged.labels.end(), 0.0);
  Json json{{"n", num_rows},
            {"n_scored", judged.scores.size()},
            {"n_positive", counts.true_positives + counts.false_negatives},
            {"seen", nullptr},
            {"auc", area ? Json(area->value) : Json()},
            {"auc_ci95", area ? Json{area->ci95.low, area->ci95.high} : Json()},
            {"accuracy", json_or_null(counts.accuracy())},
            {"f1", json_or_null(counts.f1())},
            {"brier", json_or_null(brier_score(judged.scores, judged.is_positive))},
            {"ece", json_or_null(calibration_error(judged.scores, judged.is_positive))},
            {"spearman", json_or_null(graded_correlation(judged))}};
  add_rate(json, "positive_rate_on_benign", num_positive_scores(judged, 0), benign);
  json["unscored"] = judged.unscored;
  return json;
}

// Scores texts of one language after another.
std::vector<ScoreResult> score_all(TextScorer& scorer, const std::string& language,
                                   const std::vector<std::string>& texts) {
  std::vector<ScoreRequest> requests;
  for (const std::string& text : texts) requests.push_back({text, language});
  auto results = scorer.score(requests);
  XLT_CHECK(results.size() == texts.size(), results.size(), " scores for ", texts.size(), " texts");
  return results;
}

// Harmless texts of a language.
class BenignSource {
 public:
  explicit BenignSource(const std::string& source) : source_(source) {
    if (source.empty() || fs::is_directory(source)) return;
    if (!fs::is_regular_file(source))
      throw Error(ErrorKind::kIo,
                  "is neither a data folder (with udhr, ud_pud or flores) nor a file of rows {\"text\"}",
                  source);
    for (const Row& row : read_rows(source)) {
      const auto language = row.text_if_present("language");
      rows_[language ? parse_language(*language) : "und"].push_back(row.text("text"));
    }
  }
  BenignTexts of(const std::string& language) const {
    if (source_.empty()) return {};
    if (fs::is_directory(source_)) return read_benign_texts(source_, language);
    const auto found = rows_.find(language);
    if (found == rows_.end()) return {};
    return {found->second, fs::path(source_).filename().string()};
  }

 private:
  std::string source_;
  std::map<std::string, std::vector<std::string>> rows_;
};

Json benign_json(TextScorer& scorer, const std::string& language, const BenignTexts& benign) {
  Judged judged;
  for (const ScoreResult& result : score_all(scorer, language, benign.texts)) judged.add(result, 0);
  Json json{{"sources", benign.sources},
            {"n", benign.texts.size()},
            {"n_scored", judged.scores.size()},
            {"score_mean", json_or_null(mean_of(judged.scores))}};
  add_rate(json, "positive_rate", num_positive_scores(judged, 0), static_cast<int64_t>(judged.scores.size()));
  json["unscored"] = judged.unscored;
  return json;
}

// "the server's answer is not JSON (17), empty text (1)"
std::string reasons_text(const Json& unscored) {
  std::string text;
  for (const auto& [reason, count] : unscored.items())
    append_item(text, str_cat(reason, " (", count.get<int64_t>(), ")"));
  return text;
}

// What a reader of the table must know of a language, a line each.
std::vector<std::string> remarks_of(const std::string& language, const Json& row) {
  std::vector<std::string> remarks;
  const auto n = row.at("n").get<int64_t>(), scored = row.at("n_scored").get<int64_t>();
  if (scored < n)
    remarks.push_back(scored == 0 ? str_cat(language, ": none of ", n,
                                            " rows has a score: ", reasons_text(row.at("unscored")))
                                  : str_cat(language, ": ", n - scored, " of ", n,
                                            " rows have no score: ", reasons_text(row.at("unscored"))));
  if (scored < n && language == "und")
    remarks.push_back("und: these rows say no language; give --language, or a field \"language\" in each");
  if (const auto own = row.value("n_in_training", int64_t{0}); own > 0)
    remarks.push_back(str_cat(language, ": the scorer was fitted to ", own, " of ", n,
                              " rows, so the figures flatter it; give rows that it has not seen"));
  return remarks;
}

// {"languages", "auc_mean"} of the languages that are (or are not) seen.
Json side_json(const Json& languages, bool seen) {
  std::vector<std::string> names;
  std::vector<double> areas;
  for (const auto& [language, row] : languages.items()) {
    if (row.at("seen") != seen) continue;
    names.push_back(language);
    if (row.at("auc").is_number()) areas.push_back(row.at("auc").get<double>());
  }
  return {{"languages", names}, {"n_auc", areas.size()}, {"auc_mean", json_or_null(mean_of(areas))}};
}

bool is_among(const std::vector<std::string>& tags, const std::string& language) {
  return std::any_of(tags.begin(), tags.end(), [&](const std::string& tag) {
    return tag == language || (tag != "und" && language != "und" && is_language(language, tag));
  });
}

std::string number_text(const Json& value, const char* format) {
  if (!value.is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, value.get<double>());
  return text;
}

std::string line_of(const std::string& language, const Json& row) {
  std::string interval;
  if (const Json& ends = row.at("auc_ci95"); ends.is_array())
    interval = "[" + number_text(ends[0], "%.3f") + ", " + number_text(ends[1], "%.3f") + "]";
  const std::string seen =
      row.at("seen").is_null() ? "-" : std::string(row.at("seen").get<bool>() ? "yes" : "no");
  const Json benign = row.contains("benign") ? row.at("benign").at("positive_rate") : Json();
  char text[256];
  std::snprintf(
      text, sizeof text, "%-9s %-5s %6lld %6lld  %-6s %-15s %-6s %-6s %-6s %-6s %-8s %-7s %s",
      language.c_str(), seen.c_str(), static_cast<long long>(row.at("n").get<int64_t>()),
      static_cast<long long>(row.at("n_scored").get<int64_t>()), number_text(row.at("auc"), "%.3f").c_str(),
      interval.c_str(), number_text(row.at("accuracy"), "%.3f").c_str(),
      number_text(row.at("f1"), "%.3f").c_str(), number_text(row.at("brier"), "%.3f").c_str(),
      number_text(row.at("ece"), "%.3f").c_str(), number_text(row.at("spearman"), "%.3f").c_str(),
      number_text(row.at("positive_rate_on_benign"), "%.3f").c_str(), number_text(benign, "%.3f").c_str());
  return text;
}

}  // namespace

Json make_card(TextScorer& scorer, const std::vector<LabelledText>& rows, const CardOptions& options,
               const Context& context) {
  const BenignSource benign(options.benign);
  std::map<std::string, std::vector<const LabelledText*>> by_language;
  for (const LabelledText& row : rows) by_language[row.language].push_back(&row);
  const auto seen = options.seen.empty() ? scorer.trained_languages() : options.seen;
  Json card{{"version", kVersion},
            {"scorer", scorer.name()},
            {"scorer_hash", scorer.hash()},
            {"threshold", kThreshold},
            {"auc_interval", "DeLong, on the logit's scale; rows taken as independent"},
            {"languages", Json::object()}};
  Progress progress = context.progress("scoring", static_cast<int64_t>(by_language.size()), "languages");
  for (const auto& [language, own] : by_language) {
    context.throw_if_interrupted();
    std::vector<std::string> texts;
    for (const LabelledText* row : own) texts.push_back(row->text);
    const auto results = score_all(scorer, language, texts);
    Judged judged;
    for (size_t i = 0; i < own.size(); ++i) judged.add(results[i], own[i]->label);
    Json& json = card["languages"][language] = language_json(judged, static_cast<int64_t>(own.size()));
    if (!seen.empty()) json["seen"] = is_among(seen, language);
    json["n_in_training"] = std::count_if(own.begin(), own.end(), [&](const LabelledText* row) {
      return options.was_trained_on && options.was_trained_on(row->text);
    });
    for (const std::string& remark : remarks_of(language, json)) context.warn(remark);
    if (const BenignTexts harmless = benign.of(language); !harmless.texts.empty())
      json["benign"] = benign_json(scorer, language, harmless);
    progress.advance(1);
  }
  if (!seen.empty()) {
    card["seen"] = side_json(card["languages"], true);
    card["unseen"] = side_json(card["languages"], false);
  }
  return card;
}

std::string card_table(const Json& card) {
  std::string text =
      "language  seen       n scored  AUC    95 % interval   acc.   F1     Brier  ECE    Spearman label 0 "
      "benign\n";
  for (const auto& [language, row] : card.at("languages").items()) text += line_of(language, row) + "\n";
  for (const char* side : {"seen", "unseen"})
    if (card.contains(side))
      text += str_cat("mean AUC over ", card.at(side).at("n_auc").get<int64_t>(), " ", side,
                      " languages: ", number_text(card.at(side).at("auc_mean"), "%.3f"), "\n");
  return text +
         "[label 0, benign: share of rows labelled 0, and of harmless texts (--benign), with a score of at "
         "least 0.5]\n";
}

}  // namespace xlt
