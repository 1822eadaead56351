// SPDX-License-Identifier: Apache-2.0
// What an output folder already holds, and whether this evaluation is that one or grows out of it.
#include "xlt/eval/earlier_evaluation.h"

#include "eval/cell_settings.h"
#include "eval/cell_store.h"
#include "eval/setting_differences.h"

#include <map>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

using CellPlans = std::map<std::pair<std::string, std::string>, CellPlan>;

// Without who judges: what was sampled is judged anew, and nothing of it is lost.
Json measured_settings(Json settings) {
  if (settings.is_object())
    for (const char* judge : {"scorer_hash", "lid_hash"}) settings.erase(judge);
  return settings;
}

std::string text_at(const Json& model, const char* key) {
  return model.is_object() && model.contains(key) && model.at(key).is_string()
             ? model.at(key).get<std::string>()
             : "";
}

// "models/gemma 1a2b3c4d5e6f"; of completions, which have no path, the hash of their files.
std::string named(const Json& model, const char* path, const char* hash) {
  const std::string where = text_at(model, path);
  if (text_at(model, hash).empty()) return "none";
  return (where.empty() ? std::string() : where + " ") + shown_setting(text_at(model, hash));
}

// Whose items they are; a report without a model says nothing of it.
void add_model(SettingDifferences& differences, const Json& before, const Json& here, bool asks_base) {
  if (text_at(before, "hash").empty() || text_at(here, "hash").empty()) return;
  struct Part {
    const char *name, *path, *hash;
  };
  for (const Part& part : {Part{"model", "path", "hash"}, Part{"adapter", "adapter", "adapter_hash"},
                           Part{"base", "base", "base_hash"}}) {
    if (part.name == std::string("base") && !asks_base) continue;
    if (text_at(before, part.hash) != text_at(here, part.hash))
      differences.add(part.name, named(before, part.path, part.hash), named(here, part.path, part.hash),
                      "all cells");
  }
}

}  // namespace

void check_earlier_evaluation(const EvalServices& services, const EvalOptions& options, const Json& header) {
  const fs::path file = fs::path(options.output) / "report.json";
  if (!fs::is_regular_file(file)) return;
  const Json report = load_json(file);
  const JsonView cells = JsonView(report, file.string()).at("cells");
  CellPlans plans;
  for (CellPlan& plan : plan_cells(options))
    plans.emplace(std::pair(plan.entry.name, plan.language), std::move(plan));
  CellSettings settings(options, services);
  SettingDifferences differences;
  std::set<std::pair<std::string, std::string>> seen;
  bool asks_base = false;
  for (size_t i = 0; i < cells.size(); ++i) {
    const JsonView cell = cells.at(i);
    const std::pair name(cell.at("benchmark").as_string(), cell.at("language").as_string());
    // A cell whose items are not there keeps nothing that could be lost; scorers and scorings share them.
    const bool has_items = cell.get("n_items", 0) > 0 &&
                           fs::is_regular_file(items_file(options.output, name.first, name.second));
    if (!has_items || !seen.insert(name).second) continue;
    const auto plan = plans.find(name);
    if (plan == plans.end()) {
      differences.add("cells", "measured", "not asked for", name.first + " " + name.second);
      continue;
    }
    const BenchmarkUses uses = plan->second.benchmark().uses();
    asks_base = asks_base || uses.base || uses.base_if_any;
    differences.add_all(measured_settings(cell.value().value("settings", Json())),
                        measured_settings(settings.of(plan->second, nullptr)),
                        name.first + " " + name.second);
  }
  if (!seen.empty())
    add_model(differences, report.value("model", Json()), header.value("model", Json()), asks_base);
  if (differences.empty()) return;
  throw Error(ErrorKind::kConfig,
              str_cat("holds another evaluation (", differences.names(),
                      " differ), of which this one would overwrite a part; choose another --output, or give "
                      "the options of its report.json to go on with it:",
                      differences.lines("there")),
              options.output);
}

}  // namespace xlt
