// SPDX-License-Identifier: Apache-2.0
#include "findings/human/ratings.h"

#include <algorithm>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"
#include "xlt/dataset/reader.h"

namespace xlt {

namespace {

std::string answers_of(const HumanQuestion& question) {
  return join(question.answers, ", ", &HumanAnswer::value);
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

class Collector {
 public:
  explicit Collector(CollectedRatings& collected) : collected_(collected) {}

  void add(const Row& row) {
    const std::string rater = trimmed(row.text("rater")), item = trimmed(row.text("item_id")),
                      name = trimmed(row.text("question")), text = trimmed(row.text("rating"));
    if (rater.empty()) throw Error(ErrorKind::kData, "no rater is named", row.place());
    if (text.empty()) {
      ++num_empty_;
      return;
    }
    const HumanQuestion& question = question_of(name, row.place());
    const Json* check = check_of(item);
    if (!check && !collected_.key.contains(item)) throw_unknown_item(item, row.place());
    const auto value = rating_value(question, text);
    if (!value)
      throw Error(
          ErrorKind::kData,
          str_cat("\"", text, "\" is no answer to ", name, "; expected one of ", answers_of(question)),
          row.place());
    if (!check) check_kind(question, item, row.place());
    auto& ratings = check ? check_answers_ : collected_.of[name];
    const std::string place = check ? item + "\n" + name : item;
    const auto [entry, is_new] = ratings[place].try_emplace(rater, *value);
    if (!is_new && entry->second != *value) ++num_changed_;
    entry->second = *value;
    raters_.insert(rater);
  }

  // Who passed how many checks, who is left out, and what a reader must know.
  void finish(double min_checks_passed) {
    count_checks();
    for (const std::string& rater : raters_) {
      const auto [passed, given] =
          collected_.checks.contains(rater) ? collected_.checks.at(rater) : std::pair<int64_t, int64_t>{0, 0};
      if (given > 0 && static_cast<double>(passed) < min_checks_passed * static_cast<double>(given)) {
        exclude(rater, str_cat("passed ", passed, " of ", given, " attention checks"));
      } else {
        collected_.raters.push_back(rater);
        if (passed < given)
          collected_.notes.push_back(str_cat("Rater ", rater, " passed ", passed, " of ", given,
                                             " attention checks, and is counted (--min-checks-passed)."));
      }
    }
    if (!collected_.excluded.empty() && collected_.raters.empty())
      collected_.notes.push_back("All raters are left out (--min-checks-passed): nothing can be said.");
    if (num_changed_ > 0)
      collected_.notes.push_back(
          str_cat(num_changed_,
                  " ratings were given twice and differ; the later one counts (in the order "
                  "of --ratings)."));
    if (num_empty_ > 0) collected_.notes.push_back(str_cat(num_empty_, " lines have no rating."));
  }

 private:
  void exclude(const std::string& rater, const std::string& reason) {
    int64_t num_ratings = 0;
    for (auto& [question, items] : collected_.of)
      for (auto& [item, ratings] : items) num_ratings += static_cast<int64_t>(ratings.erase(rater));
    collected_.excluded.push_back(Json{{"rater", rater}, {"reason", reason}, {"n_ratings", num_ratings}});
    collected_.notes.push_back(str_cat("Rater ", rater, " ", reason, ", and is left out with ", num_ratings,
                                       " ratings (--min-checks-passed)."));
  }
  [[noreturn]] void throw_unknown_item(const std::string& item, const std::string& place) const {
    const std::string theirs = export_of_item(item), own = collected_.settings.value("export_id", "");
    if (!theirs.empty() && !own.empty() && !own.starts_with(theirs))
      throw Error(ErrorKind::kData,
                  str_cat("item \"", item, "\" is of the export ", theirs, "…, and this folder holds ", own,
                          "; give the folder that this rater's form came from"),
                  place);
    throw Error(
        ErrorKind::kData,
        "unknown item \"" + item + "\"; expected one of key.json: are these ratings of another export?",
        place);
  }
  static const HumanQuestion& question_of(const std::string& name, const std::string& place) {
    if (const HumanQuestion* question = find_human_question(name)) return *question;
    std::vector<std::string> names;
    for (const HumanQuestion& question : human_questions()) names.emplace_back(question.name);
    throw Error(ErrorKind::kData, unknown_name_message("question", name, names), place);
  }
  const Json* check_of(const std::string& item) const {
    const auto checks = collected_.settings.find("checks");
    if (checks == collected_.settings.end()) return nullptr;
    const auto found = checks->find(item);
    return found == checks->end() ? nullptr : &*found;
  }
  void check_kind(const HumanQuestion& question, const std::string& item, const std::string& place) const {
    const bool is_pair = collected_.key.at(item).contains("a");
    if (is_pair != question.is_of_pairs)
      throw Error(ErrorKind::kData,
                  str_cat("item \"", item, "\" is ", is_pair ? "a pair" : "a single text", ", of which ",
                          question.name, " was not asked"),
                  place);
  }
  void count_checks() {
    for (const auto& [place, ratings] : check_answers_) {
      const size_t end = place.find('\n');
      const std::string item = place.substr(0, end), name = place.substr(end + 1);
      const Json& answers = check_of(item)->at("answers");
      if (!answers.contains(name)) continue;
      const auto wanted = rating_value(*find_human_question(name), answers.at(name).get<std::string>());
      for (const auto& [rater, value] : ratings) {
        ++collected_.checks[rater].second;
        if (value == wanted) ++collected_.checks[rater].first;
      }
    }
  }

  CollectedRatings& collected_;
  RatingsOfQuestion check_answers_;
  std::set<std::string> raters_;
  int64_t num_changed_ = 0, num_empty_ = 0;
};

}  // namespace

CollectedRatings collect_ratings(const HumanOptions& options) {
  const fs::path folder = options.words.at(1);
  if (!fs::is_regular_file(folder / "key.json"))
    throw Error(ErrorKind::kIo, "no key.json is there; expected the folder that xlt human export wrote",
                folder.string());
  CollectedRatings collected;
  collected.key = load_json(folder / "key.json");
  if (!collected.key.is_object())
    throw Error(ErrorKind::kData, "expected an object of items", (folder / "key.json").string());
  collected.settings =
      fs::is_regular_file(folder / "export.json") ? load_json(folder / "export.json") : Json::object();
  Collector collector(collected);
  for (const std::string& file : options.ratings)
    for (const Row& row : read_rows(file)) collector.add(row);
  collector.finish(options.min_checks_passed);
  const Json equal_pairs = collected.settings.value("equal_pairs", Json::object());
  for (const auto& [language, count] : equal_pairs.items())
    collected.notes.push_back(str_cat(language, ": ", dump_json(count),
                                      " pairs had the same text on both sides; they were not shown, and "
                                      "preference_rate is of the others."));
  return collected;
}

std::string key_text(const CollectedRatings& collected, const std::string& item, const char* field,
                     const std::string& fallback) {
  const Json& key = collected.key.at(item);
  return key.contains(field) && key.at(field).is_string() ? key.at(field).get<std::string>() : fallback;
}

std::string cluster_of(const CollectedRatings& collected, const std::string& item) {
  // Without an id of its own an item is a cluster of its own.
  return key_text(collected, item, "language", "") + "\n" + key_text(collected, item, "benchmark", "") +
         "\n" + key_text(collected, item, "id", item);
}

std::string language_of(const CollectedRatings& collected, const std::string& item) {
  return key_text(collected, item, "language", "und");
}

}  // namespace xlt
