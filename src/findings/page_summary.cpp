// SPDX-License-Identifier: Apache-2.0
#include "findings/page_summary.h"

#include "findings/page_findings.h"
#include "findings/page_rows.h"

#include <ctime>
#include <set>

#include <sys/stat.h>

#include "xlt/base/join.h"
#include "xlt/base/language.h"

namespace xlt {

namespace {

using Names = std::set<std::string>;

// "50", or "20 to 50".
std::string span_text(const std::set<int64_t>& numbers) {
  const std::string least = std::to_string(*numbers.begin());
  return numbers.size() == 1 ? least : least + " to " + std::to_string(*numbers.rbegin());
}

// What the reports of all evaluations say of how they were made.
struct LookedAt {
  Names models, languages, benchmarks, scorings, scorers, limits, dates;
  std::set<int64_t> items;
};

std::string limit_of(const Json& report) {
  const Json config = value_or_null(report, "config");
  const Json limit = value_or_null(config, "limit");
  if (!limit.is_number_integer()) return "";
  if (limit == 0) return "none: all items of the files";
  return str_cat("at most ", limit.get<int64_t>(), " of each file, ",
                 text_of(config, "limit_order") == "random" ? "drawn at random" : "its first");
}

// The day on which a file was last written, in UTC; empty where it is not there.
std::string day_of(const std::filesystem::path& file) {
  struct stat status;
  struct tm time;
  char text[16];
  if (::stat(file.c_str(), &status) != 0 || ::gmtime_r(&status.st_mtime, &time) == nullptr) return "";
  return std::strftime(text, sizeof text, "%Y-%m-%d", &time) > 0 ? text : "";
}

// The files that hold an evaluation's reports; of another program's results the file itself.
std::vector<std::filesystem::path> report_files(const EvaluationFolder& folder) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(folder.path())) return {folder.path()};
  if (fs::is_regular_file(folder.path() / "report.json")) return {folder.path() / "report.json"};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    if (fs::is_regular_file(entry.path() / "report.json")) files.push_back(entry.path() / "report.json");
  return files;
}

void add_cell(const CellName& name, LookedAt& seen) {
  seen.benchmarks.insert(name.benchmark);
  seen.languages.insert(name.language);
  seen.scorings.insert(name.scoring);
  if (!name.scorer.empty()) seen.scorers.insert(name.scorer);
}

LookedAt look_at(const PageInputs& inputs, const Json& comparison) {
  LookedAt seen;
  for_each_run(inputs.arms, [&](const Arm&, const std::string&, const EvaluationFolder& folder) {
    for (const auto& report : folder.reports()) {
      const Json model = value_or_null(*report, "model");
      if (const std::string path = text_of(model, "path"); !path.empty()) seen.models.insert(path);
      if (model.is_object() && model.contains("completions")) seen.models.insert("completions from files");
      if (const std::string limit = limit_of(*report); !limit.empty()) seen.limits.insert(limit);
    }
    for (const auto& [name, cell] : folder.cells()) {
      add_cell(name, seen);
      if (const Json count = value_or_null(*cell, "n_items"); count.is_number_integer() && count > 0)
        seen.items.insert(count.get<int64_t>());
    }
    for (const auto& file : report_files(folder))
      if (const std::string day = day_of(file); !day.empty()) seen.dates.insert(day);
  });
  if (!comparison.is_object()) return seen;
  for (const Json& row : comparison.at("rows"))
    if (const std::string language = text_of(row, "language"); language != "mean_others")
      add_cell({text_of(row, "benchmark"), language, text_of(row, "scoring"), text_of(row, "scorer")}, seen);
  return seen;
}

// "dpo (3 seeds; adapter runs/dpo-1/adapter, …)"
std::string arm_text(const Arm& arm, bool is_base) {
  Names adapters;
  for (const EvaluationFolder& seed : arm.seeds)
    if (const std::string adapter = text_of(value_or_null(*seed.reports()[0], "model"), "adapter");
        !adapter.empty())
      adapters.insert(adapter);
  std::vector<std::string> notes;
  if (is_base) notes.emplace_back("before");
  if (arm.seeds.size() > 1) notes.push_back(std::to_string(arm.seeds.size()) + " seeds");
  if (!adapters.empty())
    notes.push_back(join(adapters, ", ", [](const std::string& adapter) { return "adapter " + adapter; }));
  return notes.empty() ? arm.name : arm.name + " (" + join(notes, "; ") + ")";
}

std::string arms_text(const PageInputs& inputs, const Json& comparison) {
  std::string text;
  for (const Arm& arm : inputs.arms)
    append_item(text, arm_text(arm, inputs.arms.size() > 1 && &arm == inputs.arms.data()));
  if (!inputs.arms.empty() || !comparison.is_object()) return text;
  for (const Json& arm : comparison.at("arms"))  // its evaluations are not here
    append_item(text, arm.at("name").get<std::string>() + (arm.value("is_base", false) ? " (before)" : ""));
  return text;
}

std::string language_text(const std::string& tag) {
  return language_name(tag) == tag ? tag : std::string(language_name(tag)) + " (" + tag + ")";
}

std::string languages_text(const Names& languages) {
  return std::to_string(languages.size()) + ": " + join(languages, ", ", language_text);
}

std::string dates_text(const Names& dates) {
  return dates.size() == 1 ? *dates.begin() : *dates.begin() + " to " + *dates.rbegin();
}

Json facts_of(const PageInputs& inputs, const Json& comparison, const LookedAt& seen) {
  Json facts = Json::array();
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.push_back(Json::array({name, value}));
  };
  add(seen.models.size() > 1 ? "Models" : "Model", join(seen.models));
  add("Arms", arms_text(inputs, comparison));
  add("Benchmarks", join(seen.benchmarks));
  if (!seen.languages.empty()) add("Languages", languages_text(seen.languages));
  if (!seen.items.empty()) add("Items", span_text(seen.items) + " of each benchmark and language");
  add("Limit (--limit)", join(seen.limits));
  add("Scoring", join(seen.scorings));
  add("Scorers", join(seen.scorers));
  if (!seen.dates.empty()) add("Evaluated", dates_text(seen.dates));
  return facts;
}

std::string counted(size_t count, const std::string& one, const std::string& several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

std::string what_is_looked_at(const PageInputs& inputs, const Json& comparison, const LookedAt& seen) {
  if (seen.benchmarks.empty())
    return inputs.trainings.empty() ? "" : "This page shows trainings; there is no evaluation beside them.";
  const std::string where = counted(seen.benchmarks.size(), "benchmark", "benchmarks") + " (" +
                            join(seen.benchmarks) + ") in " +
                            counted(seen.languages.size(), "language", "languages");
  if (!comparison.is_object())
    return "This page shows the values of " + where + ", each with its 95 % interval.";
  std::string base, others;
  for (const Json& arm : comparison.at("arms")) {
    const auto name = arm.at("name").get<std::string>();
    if (arm.value("is_base", false))
      base = name;
    else
      append_item(others, name);
  }
  return "This page holds " + others + " against " + (base.empty() ? "a base" : base) + ", on " + where + ".";
}

}  // namespace

Json page_summary(const PageInputs& inputs, const Json& comparison) {
  const LookedAt seen = look_at(inputs, comparison);
  Json sentences = Json::array();
  if (const std::string what = what_is_looked_at(inputs, comparison, seen); !what.empty())
    sentences.push_back(what);
  if (comparison.is_object())
    for (const std::string& sentence : findings_in_words(comparison)) sentences.push_back(sentence);
  return Json{{"sentences", std::move(sentences)}, {"facts", facts_of(inputs, comparison, seen)}};
}

}  // namespace xlt
