// SPDX-License-Identifier: Apache-2.0
#include "findings/comparability.h"

#include <algorithm>
#include <map>
#include <set>

#include "xlt/base/join.h"
#include "xlt/base/json_or_null.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

constexpr const char* kCompletions = "completions";
// Of `completions`, what says which file was read: the file itself is what differs between systems.
const std::set<std::string> kFileOfCompletions{"data", "files", "completions"};

// What differs between the base and one folder, by key: the first place and how many cells.
struct Difference {
  Json base, value;
  std::string where;
  int64_t num_cells = 0;
};
using Differences = std::map<std::string, Difference>;

void note(Differences& differences, const std::string& key, const Json& base, const Json& value,
          const std::string& where) {
  if (base == value) return;
  Difference& difference = differences.try_emplace(key, Difference{base, value, where, 0}).first->second;
  ++difference.num_cells;
}

// The base model by its hash, or by its path in a report that has none; null without a model. The hash of an
// evaluation of completions is that of their files, which differ by design.
Json model_of(const Json& report) {
  const Json model = value_or_null(report, "model");
  if (!value_or_null(model, kCompletions).is_null()) return Json();
  const Json hash = value_or_null(model, "hash");
  return hash.is_null() ? value_or_null(model, "path") : hash;
}

// Ids, each with its prompt.
Json prompts_of(const EvaluationFolder& folder, const CellName& cell) {
  std::map<std::string, std::string> prompts;
  for (const EvaluatedItem& item : folder.items(cell)) prompts[item.id] = item.prompt;
  return Json(prompts);
}

void compare_prompts(const EvaluationFolder& base, const EvaluationFolder& other, const CellName& cell,
                     Differences& differences) {
  const Json mine = prompts_of(base, cell), theirs = prompts_of(other, cell);
  for (const std::string& id : keys_of_either(mine, theirs)) {
    const Json a = value_or_null(mine, id), b = value_or_null(theirs, id);
    if (a == b) continue;
    note(differences, a.is_null() || b.is_null() ? "ids" : "prompts", a.is_null() ? a : Json(id),
         b.is_null()   ? b
         : a.is_null() ? Json(id)
                       : Json(id + " (another prompt)"),
         cell.text());
  }
}

// Of two objects, such as files with their hashes, only what differs.
void note_setting(Differences& differences, const std::string& key, const Json& base, const Json& value,
                  const std::string& where) {
  if (!base.is_object() || !value.is_object()) return note(differences, key, base, value, where);
  Json mine = Json::object(), theirs = Json::object();
  for (const std::string& part : keys_of_either(base, value)) {
    if (value_or_null(base, part) == value_or_null(value, part)) continue;
    mine[part] = value_or_null(base, part);
    theirs[part] = value_or_null(value, part);
  }
  note(differences, key, mine, theirs, where);
}

void compare_cells(const EvaluationFolder& base, const EvaluationFolder& other, const CellName& name,
                   Differences& differences) {
  const Json &a = *base.cells().at(name), &b = *other.cells().at(name);
  const Json mine = value_or_null(a, "settings"), theirs = value_or_null(b, "settings");
  for (const char* key : {"benchmark_version", "scorer_hash"})
    if (value_or_null(mine, key).is_null())
      note(differences, key, value_or_null(a, key), value_or_null(b, key), name.text());
  for (const std::string& key : keys_of_either(mine, theirs))
    if (name.benchmark != kCompletions || !kFileOfCompletions.contains(key))
      note_setting(differences, key, value_or_null(mine, key), value_or_null(theirs, key), name.text());
  if (name.benchmark == kCompletions) compare_prompts(base, other, name, differences);
}

Differences differences_of(const EvaluationFolder& base, const EvaluationFolder& other) {
  Differences differences;
  for (const auto& report : other.reports())
    note(differences, "model", model_of(*base.reports()[0]), model_of(*report), "the reports");
  for (const auto& [name, cell] : base.cells())
    if (other.cells().contains(name)) compare_cells(base, other, name, differences);
  return differences;
}

// What a folder lacks on its own: an end, or the settings that comparing needs.
std::map<std::string, std::string> faults_of(const EvaluationFolder& folder) {
  std::map<std::string, std::string> faults;
  for (const auto& report : folder.reports())
    if (const std::string status = report->contains("status") && report->at("status").is_string()
                                       ? report->at("status").get<std::string>()
                                       : "unknown";
        status == "running" || status == "interrupted")
      faults["status"] = "an evaluation did not end (status \"" + status + "\"); run the same command again";
  const bool is_older = std::any_of(folder.cells().begin(), folder.cells().end(),
                                    [](const auto& entry) { return !entry.second->contains("settings"); });
  if (is_older)
    faults["settings"] =
        "cells without settings: the report is of an older version, and what its numbers depend on is not "
        "known; "
        "evaluate again";
  return faults;
}

std::string short_text(const Json& value) {
  if (value.is_null()) return "nothing";
  const std::string text = dump_json(value);
  return text.size() <= 80 ? text : text.substr(0, 77) + "…";
}

// Sorts what was found into what is allowed and what is not.
class Findings {
 public:
  explicit Findings(const std::vector<std::string>& allow) : allow_(allow.begin(), allow.end()) {}

  void add_fault(const std::string& key, const std::string& fault, const EvaluationFolder& folder) {
    if (allow_.contains(key)) {
      allowed_.push_back(Json{{"key", key}, {"folder", folder.path().string()}, {"value", fault}});
    } else {
      refuse(key, str_cat(folder.path().string(), ": ", fault));
    }
  }
  void add_difference(const std::string& key, const Difference& found, const EvaluationFolder& base,
                      const EvaluationFolder& other) {
    if (allow_.contains(key)) {
      allowed_.push_back(Json{{"key", key},
                              {"base", found.base},
                              {"value", found.value},
                              {"folder", other.path().string()},
                              {"where", found.where},
                              {"num_cells", found.num_cells}});
      return;
    }
    const std::string more = found.num_cells > 1 ? str_cat(" and ", found.num_cells - 1, " more") : "";
    refuse(key,
           str_cat(key, ": ", short_text(found.base), " in ", base.path().string(), ", ",
                   short_text(found.value), " in ", other.path().string(), " (", found.where, more, ")"));
  }
  // Throws where anything was refused.
  Json allowed() const {
    if (refused_.empty()) return allowed_;
    // Before and after differ by design where nothing but the result is left of what was trained.
    const char* by_design = refused_keys_.contains("model")
                                ? "\n  (a model all of whose weights were trained, or into which an adapter "
                                  "was merged, is another one: then pass --allow model)"
                                : "";
    throw Error(ErrorKind::kData,
                "the evaluations differ in more than their adapters:" + refused_ + by_design +
                    "\nEvaluate them alike, or take the difference into account and pass --allow " +
                    join(refused_keys_, ","));
  }

 private:
  void refuse(const std::string& key, const std::string& line) {
    refused_ += "\n  " + line;
    refused_keys_.insert(key);
  }
  std::set<std::string> allow_, refused_keys_;
  Json allowed_ = Json::array();
  std::string refused_;
};

}  // namespace

void check_allowed(const std::vector<const EvaluationFolder*>& folders,
                   const std::vector<std::string>& allow) {
  std::set<std::string> known{"benchmark_version", "ids",      "model", "prompts",
                              "scorer_hash",       "settings", "status"};
  for (const EvaluationFolder* folder : folders)
    for (const auto& [name, cell] : folder->cells())
      known.merge(keys_of_either(value_or_null(*cell, "settings"), Json()));
  for (const std::string& name : allow)
    if (!known.contains(name)) throw_unknown_name("setting (--allow)", name, {known.begin(), known.end()});
}

Json check_comparable(const std::vector<Arm>& arms, const std::vector<std::string>& allow) {
  Findings findings(allow);
  const EvaluationFolder& base = arms[0].seeds[0];
  for (const Arm& arm : arms)
    for (const EvaluationFolder& folder : arm.seeds) {
      for (const auto& [key, fault] : faults_of(folder)) findings.add_fault(key, fault, folder);
      for (const auto& [key, found] : differences_of(base, folder))
        findings.add_difference(key, found, base, folder);
    }
  return findings.allowed();
}

}  // namespace xlt
